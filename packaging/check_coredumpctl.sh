#!/usr/bin/env bash
# check_coredumpctl.sh [SUITE]: coredumpctl of a release of Debian is told to debug with tornstack, in a bare root. No systemd runs there: the
# journal that it reads has an entry such as systemd-coredump writes, made by systemd-journal-remote. As root. ROOTS: the folder of the
# roots, which are kept; BUILT=yes: what is installed there is tried.
set -euo pipefail
cd "$(dirname "$0")/.."
. packaging/steps.sh

build() {
	have_sources "$suite" "$root"
	in_root "$root" bash -c 'apt-get update -q && apt-get install -y -q --no-install-recommends systemd-coredump systemd-journal-remote zstd &&
		cd /src && .ci/deps && make -j"$(nproc)" && make install'
}

# entry PID CORE: as systemd-coredump writes it, in the journal's format of export.
entry() {
	local field
	for field in __REALTIME_TIMESTAMP="$(date +%s)000000" __MONOTONIC_TIMESTAMP="$1" _BOOT_ID=0123456789abcdef0123456789abcdef \
		MESSAGE_ID=fc2e22bc6ee647b6b90729ab34a250b1 MESSAGE="Process $1 (service) dumped core." COREDUMP_PID="$1" COREDUMP_UID=0 COREDUMP_GID=0 \
		COREDUMP_SIGNAL=6 COREDUMP_SIGNAL_NAME=SIGABRT COREDUMP_COMM=service COREDUMP_EXE=/packages/service COREDUMP_TIMESTAMP="$(date +%s)000000" \
		COREDUMP_FILENAME="/var/lib/systemd/coredump/$2"; do
		printf '%s\n' "$field"
	done
	echo
}

# Two processes of one program died: the core of 101 is as it was, that of 102 compressed, as systemd-coredump keeps them by default.
crash() {
	have "$root" fixtures/cases/amd64-panic/expect.json
	mkdir -p "$root/var/lib/systemd/coredump"
	zstd -dqf fixtures/cases/amd64-panic/exe.zst -o "$root/packages/service"
	zstd -dqf fixtures/cases/amd64-panic/dump.zst -o "$root/var/lib/systemd/coredump/core.101"
	cp fixtures/cases/amd64-panic/dump.zst "$root/var/lib/systemd/coredump/core.102.zst"
	{ entry 101 core.101; entry 102 core.102.zst; } >"$root/packages/export"
	rm -f "$root/packages/crashes.journal"
	in_root "$root" bash -c '"$(ls /usr/lib/systemd/systemd-journal-remote /lib/systemd/systemd-journal-remote 2>/dev/null | head -n 1)" \
		--split-mode=none -o /packages/crashes.journal - </packages/export && coredumpctl --file=/packages/crashes.journal --no-pager list | grep service' &&
		in_root "$root" bash -c 'tornstack -q /packages/service /var/lib/systemd/coredump/core.101' >"$root/packages/verdict" &&
		grep '^CERTAIN  go-panic' "$root/packages/verdict"
}

# says NAME COMMAND: its output ends in the verdict
says() {
	step "coredumpctl: $1" in_root "$root" bash -c "c() { coredumpctl --file=/packages/crashes.journal --no-pager \"\$@\"; }
		$2 >/packages/said && tail -n \"\$(wc -l </packages/verdict)\" /packages/said | diff /packages/verdict -"
}

suite=${1:-bookworm} root=$roots/${1:-bookworm}-coredumpctl
[ -n "${BUILT-}" ] || step "coredumpctl: build" build
step "coredumpctl: list" crash
says 'debug' 'c debug --debugger=tornstack --debugger-arguments=-q 101'
says 'debug, of a compressed core' 'c debug --debugger=tornstack --debugger-arguments=-q 102'
says 'debug, with several options' 'c debug --debugger=tornstack --debugger-arguments="-q --color=never" 101'
says 'debug, without a number: the last' 'c debug --debugger=tornstack --debugger-arguments=-q'
says 'debug, the whole report' 'c debug --debugger=tornstack 101 | grep -A 1000 "^CERTAIN" >/packages/whole && tornstack /packages/service -c /var/lib/systemd/coredump/core.101 |
	diff - /packages/whole && cat /packages/verdict'
says 'dump into a file' 'c dump 102 -o /packages/core && tornstack -q /packages/core --exe /packages/service'
says 'dump into a pipe' 'c dump 101 | tornstack -q - --exe /packages/service'
finish

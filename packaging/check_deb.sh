#!/usr/bin/env bash
# check_deb.sh [SUITE…]: builds the packages in a bare root of each release, installs them in another, uses them as a newcomer does (commands,
# manual pages, completion, a program of their own with the library), removes and purges them, and says what stays behind: nothing. Then the
# packages' own tests, by autopkgtest. As root. ROOTS: the folder of the roots, which are kept; BUILT=yes: what an earlier run built is tried.
set -euo pipefail
cd "$(dirname "$0")/.."
roots=$(realpath -m "${ROOTS:-build/roots}")
mkdir -p "$roots"
passed=0 failed=0

# step NAME COMMAND…: one line, and what it printed if it failed
step() {
	local name=$1 status=0
	shift
	"$@" >"$roots/step.log" 2>&1 || status=$?
	if [ $status = 0 ]; then
		echo "ok   $name" && passed=$((passed + 1))
	else
		echo "FAIL $name (status $status)" && sed 's/^/     /' "$roots/step.log" | tail -n 30
		failed=$((failed + 1))
	fi
}

in_root() { packaging/root.sh run "$@"; }

# What is in a root, but for what apt and dpkg write down of their own work, and caches that name no package.
listing() {
	(cd "$1" && find . -xdev \( -path ./proc -o -path ./dev -o -path ./run -o -path ./tmp -o -path ./root -o -path ./var/lib/dpkg -o -path ./var/lib/apt \
		-o -path ./var/cache -o -path ./var/log -o -path ./packages -o -path ./usr/share/mime -o -name __pycache__ \) -prune -o ! -type d -print) | sort
}

left_over() {
	listing "$1" | diff - "$2" && ! in_root "$1" dpkg-query -W 'tornstack*' 'libtornstack*' 2>/dev/null | grep .
}

build() {
	local root=$roots/$1-build
	[ -e "$root/usr/bin/make" ] || packaging/root.sh make "$1" "$root" make git
	rm -rf "$root/src" && git clone --quiet "$PWD" "$root/src"
	in_root "$root" bash -c 'apt-get update -q && apt-get install -y -q --no-install-recommends lintian && cd /src && make deb'
}

use() {
	local suite=$1 root=$roots/$1-use
	local before=$roots/$1.before
	# What its user has: manual pages, and a compiler.
	[ -e "$root/usr/bin/apt" ] || packaging/root.sh make "$suite" "$root" gcc libc6-dev man-db pkg-config zstd
	in_root "$root" apt-get update -q >/dev/null
	in_root "$root" bash -c 'apt-get purge -y -q "?name(tornstack)" autopkgtest >/dev/null; apt-get autoremove --purge -y -q >/dev/null' || true
	listing "$root" >"$before"
	rm -rf "$root/packages" && mkdir "$root/packages"
	find "$roots/$suite-build/src/build/deb" -maxdepth 1 -type f -exec cp -t "$root/packages" {} +
	cp -rL fixtures/cases/arm64-nonleaf-unwind-stripped "$root/packages/case"
	cp -r docs/examples "$root/packages/"

	step "$suite: install" in_root "$root" bash -c 'apt-get install -y -q --no-install-recommends /packages/tornstack_*.deb'
	step "$suite: report" in_root "$root" bash -c 'tornstack -q /packages/case/dump.zst --exe /packages/case/exe.zst | grep "^CERTAIN  split-sp"'
	step "$suite: scan" in_root "$root" bash -c 'tornstack scan /packages/case/exe.zst | grep EXPOSED'
	step "$suite: handle keeps a crash" in_root "$root" bash -c 'zstd -dc /packages/case/dump.zst | tornstack handle 1 0 0 6 1 0 here decode &&
		ls /var/lib/tornstack | grep txt'
	step "$suite: man" in_root "$root" bash -c 'man -P cat tornstack | grep -q SYNOPSIS && man -P cat 7 tornstack-core-pattern | grep -q core_pattern'
	step "$suite: completion" in_root "$root" bash -c 'cd /packages/case && . /usr/share/bash-completion/completions/tornstack &&
		COMP_LINE="tornstack gor" COMP_POINT=13 COMP_WORDS=(tornstack gor) COMP_CWORD=1 && _tornstack && echo "${COMPREPLY[@]}" | grep -x goroutines'
	step "$suite: completion of other shells" in_root "$root" bash -c 'dpkg -L tornstack | grep -x -e /usr/share/zsh/vendor-completions/_tornstack \
		-e /usr/share/fish/vendor_completions.d/tornstack.fish | wc -l | grep -x 2'
	step "$suite: install the library" in_root "$root" bash -c 'apt-get install -y -q --no-install-recommends /packages/libtornstack*.deb'
	step "$suite: a program with the library" in_root "$root" bash -c 'cc -Wall -Werror -o /tmp/verdict /packages/examples/verdict.c \
		$(pkg-config --cflags --libs tornstack) && /tmp/verdict /packages/case/dump.zst /packages/case/exe.zst | grep "^certain: goroutine 22 was stopped" && rm /tmp/verdict'
	step "$suite: remove" in_root "$root" bash -c 'apt-get remove -y -q tornstack && ! command -v tornstack && ls /var/lib/tornstack'
	step "$suite: purge" in_root "$root" bash -c 'apt-get purge -y -q "?name(tornstack)" && apt-get autoremove --purge -y -q'
	step "$suite: nothing is left" left_over "$root" "$before"
	step "$suite: autopkgtest" in_root "$root" bash -c 'apt-get install -y -q --no-install-recommends autopkgtest dpkg-dev && autopkgtest /packages/*.changes -- null'
}

[ $# -gt 0 ] || set -- bookworm trixie sid
for suite; do
	if [ -z "${BUILT-}" ]; then
		step "$suite: build" build "$suite"
		step "$suite: lintian" in_root "$roots/$suite-build" bash -c 'cd /src/build/deb && lintian --fail-on error *.changes'
		sed 's/^/     /' "$roots/step.log" | grep -v '^ *N:' || true
	fi
	use "$suite"
done
echo "$passed passed, $failed failed"
[ $failed = 0 ]

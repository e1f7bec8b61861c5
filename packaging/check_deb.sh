#!/usr/bin/env bash
# check_deb.sh [SUITE…]: builds the packages in a bare root of each release, installs them in another, uses them as a newcomer does, removes
# and purges them, and says what stays behind: nothing. As root. ROOTS: the folder of the roots, which are kept.
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
	[ -e "$root/usr/bin/apt" ] || packaging/root.sh make "$suite" "$root"
	in_root "$root" apt-get update -q >/dev/null
	in_root "$root" bash -c 'apt-get purge -y -q "?name(tornstack)" >/dev/null; apt-get autoremove --purge -y -q >/dev/null' || true
	listing "$root" >"$before"
	rm -rf "$root/packages" && mkdir "$root/packages"
	cp "$roots/$suite-build"/src/build/deb/*.deb "$root/packages/"
	cp -rL fixtures/cases/arm64-nonleaf-unwind-stripped "$root/packages/case"

	step "$suite: install" in_root "$root" bash -c 'apt-get install -y -q --no-install-recommends /packages/tornstack_*.deb'
	step "$suite: report" in_root "$root" bash -c 'tornstack -q /packages/case/dump.zst --exe /packages/case/exe.zst | grep "^CERTAIN  split-sp"'
	step "$suite: scan" in_root "$root" bash -c 'tornstack scan /packages/case/exe.zst | grep EXPOSED'
	step "$suite: handle keeps a crash" in_root "$root" bash -c 'apt-get install -y -q --no-install-recommends zstd >/dev/null &&
		zstd -dc /packages/case/dump.zst | tornstack handle 1 0 0 6 1 0 here decode && ls /var/lib/tornstack | grep txt'
	step "$suite: files" in_root "$root" bash -c 'test -s /usr/share/man/man1/tornstack.1.gz -o ! -d /usr/share/man/man1 && dpkg -L tornstack |
		grep -x -e /usr/share/bash-completion/completions/tornstack -e /usr/share/zsh/vendor-completions/_tornstack \
		-e /usr/share/fish/vendor_completions.d/tornstack.fish -e /usr/share/man/man7/tornstack-core-pattern.7.gz | wc -l | grep -x 4'
	step "$suite: remove" in_root "$root" bash -c 'apt-get remove -y -q tornstack && ! command -v tornstack && ls /var/lib/tornstack'
	step "$suite: purge" in_root "$root" bash -c 'apt-get purge -y -q tornstack zstd && apt-get autoremove --purge -y -q'
	step "$suite: nothing is left" left_over "$root" "$before"
}

[ $# -gt 0 ] || set -- bookworm trixie sid
for suite; do
	step "$suite: build" build "$suite"
	step "$suite: lintian" in_root "$roots/$suite-build" bash -c 'cd /src/build/deb && lintian --fail-on error *.changes'
	sed 's/^/     /' "$roots/step.log" | grep -v '^ *N:' || true
	use "$suite"
done
echo "$passed passed, $failed failed"
[ $failed = 0 ]

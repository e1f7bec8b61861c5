#!/usr/bin/env bash
# check_deb.sh [SUITE…]: builds the packages in a bare root of each release, installs them in another, uses them as a newcomer does (commands,
# manual pages, completion, a program of their own with the library), removes and purges them, and says what stays behind: nothing. Then the
# packages' own tests, by autopkgtest. As root. ROOTS: the folder of the roots, which are kept; BUILT=yes: what an earlier run built is tried.
set -euo pipefail
cd "$(dirname "$0")/.."
. packaging/steps.sh

left_over() {
	listing "$1" | diff - "$2" && ! in_root "$1" dpkg-query -W 'tornstack*' 'libtornstack*' 2>/dev/null | grep .
}

build() {
	local root=$roots/$1-build
	have_sources "$1" "$root"
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
	have "$root" $(find "$roots/$suite-build/src/build/deb" -maxdepth 1 -type f)

	step "$suite: install" in_root "$root" bash -c 'apt-get install -y -q --no-install-recommends /packages/tornstack_*.deb'
	use_program "$suite" "$root"
	step "$suite: completion of other shells" in_root "$root" bash -c 'dpkg -L tornstack | grep -x -e /usr/share/zsh/vendor-completions/_tornstack \
		-e /usr/share/fish/vendor_completions.d/tornstack.fish | wc -l | grep -x 2'
	step "$suite: install the library" in_root "$root" bash -c 'apt-get install -y -q --no-install-recommends /packages/libtornstack*.deb'
	use_library "$suite" "$root"
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
finish

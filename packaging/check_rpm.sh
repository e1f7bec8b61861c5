#!/usr/bin/env bash
# check_rpm.sh [SUITE]: builds the rpms in a bare root of a release of Debian, which has rpmbuild and rpm but no packages of Fedora: so
# dependencies are not looked at. Installs, verifies, uses and erases them there, and says what stays behind: nothing but the crashes that were
# kept. As root. ROOTS: the folder of the roots, which are kept; BUILT=yes: what an earlier run built is tried.
set -euo pipefail
cd "$(dirname "$0")/.."
. packaging/steps.sh

build() {
	have_sources "$suite" "$root" gcc libc6-dev man-db pkg-config rpm zstd
	in_root "$root" bash -c 'apt-get update -q && cd /src && make rpm'
}

# Nothing that rpm installed is gone or differs, and what it installed is named by no two packages.
verify() {
	in_root "$root" bash -c 'rpm -V --nodeps tornstack tornstack-libs tornstack-devel && ! rpm -qal | grep -v "^/usr/share/licenses$" | sort | uniq -d | grep .'
}

left_over() {
	listing "$root" | diff "$roots/rpm.before" - && ! in_root "$root" rpm -qa | grep . &&
		! (cd "$root" && find . -xdev \( -path ./src -o -path ./packages -o -path ./proc -o -path ./dev -o -path ./var/cache \) -prune -o -name '*tornstack*' -print) | grep .
}

suite=${1:-bookworm} root=$roots/${1:-bookworm}-rpm
[ -n "${BUILT-}" ] || step "rpm: build" build
in_root "$root" bash -c 'rpm -qa | xargs -r rpm -e && rm -rf /var/lib/tornstack'
listing "$root" >"$roots/rpm.before"
have "$root" "$root"/src/build/rpm/RPMS/*/*.rpm
step "rpm: install" in_root "$root" bash -c 'rpm -i --nodeps /packages/*.rpm'
step "rpm: verify" verify
use_program rpm "$root"
# Where Fedora looks for libraries Debian does not.
use_library rpm "$root" PKG_CONFIG_PATH=/usr/lib64/pkgconfig LIBRARY_PATH=/usr/lib64 LD_LIBRARY_PATH=/usr/lib64
step "rpm: verify what was used" verify
step "rpm: install again, over it" in_root "$root" bash -c 'rpm -U --replacepkgs --nodeps /packages/*.rpm && rpm -V --nodeps tornstack && tornstack --version'
step "rpm: erase" in_root "$root" bash -c 'rpm -e tornstack-devel tornstack-libs tornstack && ! command -v tornstack'
step "rpm: kept crashes stay" in_root "$root" bash -c 'ls /var/lib/tornstack | grep txt && rm -r /var/lib/tornstack'
step "rpm: nothing is left" left_over
finish

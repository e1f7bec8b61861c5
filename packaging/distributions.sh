#!/usr/bin/env bash
# distributions.sh [SUITE…]: what the last commit does in bare roots of these releases: make demo (packages, build, report), make check,
# and a build by the newest clang there. Prints a row of docs/install.md's table for each, and the log's name where something failed.
# As root; hours. ROOTS: the folder of the roots and logs, which are kept; TESTS="golden unit": these tests only.
set -euo pipefail
cd "$(dirname "$0")/.."
roots=${ROOTS:-build/distributions}
mkdir -p "$roots"

# in_root COMMAND…: in the sources; what is printed goes to the log.
in_root() { packaging/root.sh run "$root" bash -c "cd /src && $*" >>"$log" 2>&1; }
version() { packaging/root.sh run "$root" bash -c "$1" 2>/dev/null | head -n 1; }

row() {
	local suite=$1 demo=failed tests=failed clang=failed start warnings
	root=$roots/$suite log=$roots/$suite.log
	[ -e "$root/usr/bin/make" ] || packaging/root.sh make "$suite" "$root" make git
	rm -rf "$root/src"
	git clone --quiet "$PWD" "$root/src"
	: >"$log"
	start=$SECONDS
	in_root make demo && demo="$((SECONDS - start)) s"
	in_root make check "TESTS='${TESTS-}'" || true
	tests=$(grep -E '^[0-9]+ passed, [0-9]+ failed$' "$log" | tail -n 1 || true)
	warnings=$(grep -c 'warning:' "$log" || true)
	in_root 'apt-get install -y -q --no-install-recommends "$(apt-cache search "^clang-[0-9]+\$" | cut -d" " -f1 | sort -V | tail -n 1)"' &&
		in_root 'make -j"$(nproc)" VARIANT=clang CC="$(ls /usr/bin | grep -x "clang-[0-9]*" | sort -V | tail -n 1)" tests' && clang=ok
	echo "| $suite | $(version 'gcc -dumpversion; true') | $(version 'ls /usr/bin | grep -x "clang-[0-9]*" | sort -V | tail -n 1 | cut -d- -f2')" \
		"| $(version 'pkg-config --modversion capstone') | $(version 'dpkg-query -W -f "\${Version}" libdwarf-dev')" \
		"| $(version 'pkg-config --modversion libelf') | $demo | ${tests:-failed} | $warnings | $clang |"
}

[ $# -gt 0 ] || set -- bookworm trixie sid
for suite; do row "$suite"; done

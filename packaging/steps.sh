# steps.sh: for the scripts beside it, which try packages in roots. $roots: the folder of these.
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

# What was found; status 1 when a step failed.
finish() {
	echo "$passed passed, $failed failed"
	[ $failed = 0 ]
}

in_root() { packaging/root.sh run "$@"; }

# What is in a root, but for what its packages' managers write down of their own work, and caches that name no package.
listing() {
	(cd "$1" && find . -xdev \( -path ./proc -o -path ./dev -o -path ./run -o -path ./tmp -o -path ./root -o -path ./src -o -path ./packages \
		-o -path ./var/lib/dpkg -o -path ./var/lib/apt -o -path ./var/lib/rpm -o -path ./var/cache -o -path ./var/log -o -path ./usr/share/mime \
		-o -name __pycache__ \) -prune -o ! -type d -print) | sort
}

# have_sources SUITE ROOT [PACKAGE…]: the last commit in a folder `src` of the root, which is made with these packages if it is not there.
have_sources() {
	local suite=$1 root=$2
	shift 2
	[ -e "$root/usr/bin/make" ] || packaging/root.sh make "$suite" "$root" make git "$@"
	rm -rf "$root/src" && git clone --quiet "$PWD" "$root/src"
}

# have ROOT PACKAGE…: a folder `packages` of the root with these, and what they are tried with.
have() {
	local root=$1
	shift
	rm -rf "$root/packages" && mkdir "$root/packages"
	cp -t "$root/packages" "$@"
	cp -rL fixtures/cases/arm64-nonleaf-unwind-stripped "$root/packages/case"
	cp -r docs/examples "$root/packages/"
}

# use_program NAME ROOT: the program that is installed there is asked, and its manual pages and completion are where they are looked for.
use_program() {
	local name=$1 root=$2
	step "$name: report" in_root "$root" bash -c 'tornstack -q /packages/case/dump.zst --exe /packages/case/exe.zst | grep "^CERTAIN  split-sp"'
	step "$name: scan" in_root "$root" bash -c 'tornstack scan /packages/case/exe.zst | grep EXPOSED'
	step "$name: handle keeps a crash" in_root "$root" bash -c 'zstd -dc /packages/case/dump.zst | tornstack handle 1 0 0 6 1 0 here decode &&
		ls /var/lib/tornstack | grep txt'
	step "$name: man" in_root "$root" bash -c 'man -P cat tornstack | grep -q SYNOPSIS && man -P cat 7 tornstack-core-pattern | grep -q core_pattern'
	step "$name: completion" in_root "$root" bash -c 'cd /packages/case && . /usr/share/bash-completion/completions/tornstack &&
		COMP_LINE="tornstack gor" COMP_POINT=13 COMP_WORDS=(tornstack gor) COMP_CWORD=1 && _tornstack && echo "${COMPREPLY[@]}" | grep -x goroutines'
}

# use_library NAME ROOT [VARIABLE=VALUE…]: a program is built with the installed library, and asks it; with these in the environment.
use_library() {
	local name=$1 root=$2
	shift 2
	step "$name: a program with the library" in_root "$root" env "$@" bash -c 'cc -Wall -Werror -o /tmp/verdict /packages/examples/verdict.c \
		$(pkg-config --cflags --libs tornstack) && /tmp/verdict /packages/case/dump.zst /packages/case/exe.zst | grep "^certain: goroutine 22 was stopped" && rm /tmp/verdict'
}

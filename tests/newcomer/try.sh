#!/usr/bin/env bash
# try.sh [FOLDER]: what somebody does who just heard of tornstack: clones it, installs it, crashes a service of theirs in four ways, and asks
# about each. Every answer is looked at, and the time to the first verdict is told. FOLDER keeps clone, cores and all that was printed.
# Wanted: git, make, zstd, and Go or apt-get; packages are installed as `make deps` does.
set -euo pipefail
cd "$(dirname "$0")/../.."
sources=$PWD
folder=$(realpath -m "${1:-build/newcomer}")
rm -rf "$folder" && mkdir -p "$folder/cores" "$folder/said"
start=$SECONDS passed=0 failed=0

# step NAME WANTED COMMAND…: what it prints, kept in said/NAME, has a line that matches WANTED, and it ends well.
step() {
	local name=$1 wanted=$2 status=0
	local said="$folder/said/${name//[ \/]/-}"
	shift 2
	"$@" >"$said" 2>&1 </dev/null || status=$?
	if [ $status = 0 ] && grep -qE -e "$wanted" "$said"; then
		echo "ok   $name" && passed=$((passed + 1))
	else
		echo "FAIL $name (status $status, wanted: $wanted)" && tail -n 15 "$said" | sed 's/^/     /'
		failed=$((failed + 1))
	fi
}

build() { make -C "$folder/tornstack" demo; }
install_it() { make -C "$folder/tornstack" install PREFIX="$folder/prefix" && "$folder/prefix/bin/tornstack" --version; }
find_go() { command -v go || { apt-get install -y -q --no-install-recommends golang-go zstd && command -v go; }; }
build_shop() { cd "$sources/tests/newcomer/shop" && CGO_ENABLED=0 go build -trimpath -buildvcs=false -o "$folder/shop" . && echo built; }

# crash WAY: leaves cores/WAY, if this machine writes cores where a process works, and WAY.log.
crash() {
	local way=$1 place="$folder/run-$1" pid
	mkdir -p "$place"
	(cd "$place" && ulimit -c unlimited && GOTRACEBACK=crash exec "$folder/shop" "$way" >"$folder/$way.log" 2>&1) &
	pid=$!
	if [ "$way" = stuck ]; then
		until grep -q ready "$folder/$way.log" 2>/dev/null; do sleep 0.1; done
		kill -ABRT $pid
	fi
	wait $pid && return 1
	mv "$place"/core* "$folder/cores/$way" 2>/dev/null || echo "no core: core_pattern is $(cat /proc/sys/kernel/core_pattern)"
	ls -l "$folder/cores/$way" "$folder/$way.log"
}

step 'clone' '^[0-9a-f]{7,}' bash -c "git clone --quiet '$sources' '$folder/tornstack' && git -C '$folder/tornstack' log -1 --format=%h"
step 'make demo' '^CERTAIN  split-sp' build
echo "     first verdict after $((SECONDS - start)) s"
step 'install' '^tornstack [0-9]' install_it
PATH=$folder/prefix/bin:$PATH
step 'manual page' 'core' cat "$folder/prefix/share/man/man1/tornstack.1"
step 'how to get a dump' 'GOTRACEBACK=crash' tornstack help dumps
step 'Go' '/go$' find_go
step 'a service' built build_shop
service=$SECONDS
for way in nil map deadlock stuck; do step "crash $way" "cores/$way" crash $way; done

cd "$folder"
step 'report nil' '^CERTAIN  nil-deref: .*ship' tornstack cores/nil --exe shop
echo "     first verdict of one's own crash after $((SECONDS - start)) s, of which crashing in four ways and asking took $((SECONDS - service)) s"
step 'report map' '^CERTAIN  concurrent-map: .*count' tornstack cores/map --exe shop
step 'report deadlock' '^(CERTAIN|LIKELY)  deadlock: ' tornstack cores/deadlock --exe shop
step 'report stuck' 'SIGABRT' tornstack cores/stuck --exe shop
step 'report without --exe' '^CERTAIN  nil-deref' tornstack cores/nil
step 'report as a debugger is called' '^CERTAIN  nil-deref' tornstack ./shop -c cores/nil
step 'report of the log' 'nil-deref: ' tornstack nil.log
step 'report from a pipe' 'nil-deref: ' bash -c 'cat nil.log | tornstack -'
step 'JSON' '"rule": ?"nil-deref"' tornstack --json cores/nil --exe shop
step 'HTML' '</html>' bash -c 'tornstack --html -o nil.html cores/nil --exe shop && cat nil.html'
step 'goroutines' '20 .*chan receive|20 goroutines' tornstack goroutines cores/stuck --exe shop
step 'goroutines of a state' 'main\.\(\*shop\)\.worker' tornstack goroutines --state 'chan receive' cores/stuck --exe shop
step 'bundle' 'report\.txt' bash -c 'tornstack bundle -o bug.tar.zst cores/nil --exe shop && zstd -dc bug.tar.zst | tar tf -'
step 'report of a slim dump' '^CERTAIN  nil-deref' bash -c 'tornstack slim -o slim.zst cores/nil --exe shop && tornstack slim.zst --exe shop'
step 'scan' 'shop' tornstack scan shop
step 'explain' 'nil' tornstack explain nil-deref
step 'a folder' 'nil-deref' tornstack cores --exe shop
step 'triage' 'nil-deref' tornstack triage --db crashes.db cores nil.log
step 'history' 'nil-deref' tornstack history --db crashes.db
step 'a slip is mended' 'Did you mean' bash -c '! tornstack --jsn cores/nil'
echo "all in $((SECONDS - start)) s"
echo "$passed passed, $failed failed"
[ $failed = 0 ]

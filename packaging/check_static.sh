#!/usr/bin/env bash
# check_static.sh PROGRAM IMAGE: runs both in folders that hold nothing else, as root directory. As root. Says what was found.
set -euo pipefail
cd "$(dirname "$0")/.."
program=$1 image=$2
case=fixtures/cases/arm64-nonleaf-unwind-stripped
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
passed=0 failed=0

# try NAME WANTED COMMAND…: what it prints, however it ends, has a line that matches WANTED
try() {
	local name=$1 wanted=$2 said=$folder/said
	shift 2
	"$@" >"$said" 2>&1 </dev/null || true
	if grep -q -e "$wanted" "$said"; then
		echo "ok   $name" && passed=$((passed + 1))
	else
		echo "FAIL $name" && failed=$((failed + 1))
		head -n 5 "$said"
	fi
}

bare=$folder/bare
mkdir "$bare"
cp "$program" "$bare/tornstack"
zstd -dqo "$bare/core" "$case/dump.zst"
zstd -dqo "$bare/exe" "$case/exe.zst"
ar rc "$bare/archive.a" "$bare/exe"
cp "$case/dump.zst" "$bare/dump.zst"

if readelf -lW "$program" | grep -q INTERP || readelf -dW "$program" | grep -q NEEDED; then
	echo 'FAIL it needs a loader or a library' && failed=$((failed + 1))
else
	echo 'ok   no loader, no library' && passed=$((passed + 1))
fi
try 'report' '^CERTAIN  split-sp: goroutine 22' env -i PATH="$PATH" chroot "$bare" /tornstack -q /core --exe /exe
try 'without the executable' '.' env -i PATH="$PATH" chroot "$bare" /tornstack -q /core
try 'a compressed dump, with a folder for it' '^CERTAIN  split-sp' env -i PATH="$PATH" TMPDIR=/ chroot "$bare" /tornstack -q /dump.zst --exe /exe
try 'a compressed dump, without: it says so' 'see TMPDIR' env -i PATH="$PATH" chroot "$bare" /tornstack -q /dump.zst --exe /exe
try 'scan' 'EXPOSED' env -i PATH="$PATH" chroot "$bare" /tornstack scan /exe
try 'scan of an archive' 'EXPOSED' env -i PATH="$PATH" TMPDIR=/ chroot "$bare" /tornstack scan /archive.a
try 'HTML' '<svg' env -i PATH="$PATH" chroot "$bare" /tornstack --html /core --exe /exe
# The executable of this one has a build-id, and is not there.
rm "$bare/exe" && zstd -dqfo "$bare/core" fixtures/cases/amd64-again-handed/dump.zst
try 'debuginfod: it says that it cannot' 'one static file' env -i PATH="$PATH" DEBUGINFOD_URLS=http://localhost:1/ chroot "$bare" /tornstack -v /core

umoci_layout=$folder/layout
mkdir "$umoci_layout"
tar xf "$image" -C "$umoci_layout"
umoci unpack --image "$umoci_layout:$(umoci ls --layout "$umoci_layout")" "$folder/bundle" >/dev/null
root=$folder/bundle/rootfs
entry=$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["process"]["args"][0])' "$folder/bundle/config.json")
cp "$bare/dump.zst" "$root/tmp/"
zstd -dqo "$root/tmp/exe" "$case/exe.zst"
try 'image: entry point' '^CERTAIN  split-sp' env -i PATH="$PATH" chroot "$root" "$entry" -q /tmp/dump.zst --exe /tmp/exe
try 'image: as anybody' '^CERTAIN  split-sp' env -i PATH="$PATH" chroot --userspec=65534:65534 "$root" "$entry" -q /tmp/dump.zst --exe /tmp/exe
size=$(stat -c %s "$image")
try "image: $size bytes, under 25 MB" yes sh -c "[ $size -lt 25000000 ] && echo yes"
echo "$passed passed, $failed failed"
[ $failed = 0 ]

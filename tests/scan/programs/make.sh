#!/bin/sh
# Makes the executables beside this file: programs of fixtures/src for what no crash of fixtures/cases has, Windows on
# arm64. They are stripped and hold no path of the machine that builds them. Needs Go and zstd.
set -eu
cd "$(dirname "$0")"
here=$PWD
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

make() {
	GOOS=windows ../../../fixtures/src/build.sh "$1" "$2" arm64 "$folder/exe" '-s -w'
	zstd -19 -q -f "$folder/exe" -o "$here/$1-$2-windows-arm64.zst"
	chmod 644 "$here/$1-$2-windows-arm64.zst"
}

make histogram 1.27.4 # a leaf whose frame one ADD cannot hold
make latewrite 1.26.0 # sockets, in the first release of golang/go#77975

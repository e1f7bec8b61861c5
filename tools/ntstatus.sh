#!/usr/bin/env bash
# Writes formats/dump/ntstatus.def from the ntstatus.h of mingw-w64, which is in the public domain (Debian: mingw-w64-common):
# every status that is an error, a warning, or a message such as a debugger's, by number. usage: tools/ntstatus.sh [HEADER]
set -euo pipefail
cd "$(dirname "$0")/.."
header=${1:-/usr/share/mingw-w64/include/ntstatus.h}
{
	echo '/* ntstatus.def: NTSTATUS(code, name) of every status that is an error, a warning or a message, by number; made by'
	echo ' * tools/ntstatus.sh from mingw-w64 (ntstatus.h, in the public domain; after MS-ERREF 2.3). */'
	sed -nE 's/^#define ((STATUS|DBG|RPC_NT)_[A-Z0-9_]+) +\(\(NTSTATUS\) ?0x([4-9A-Fa-f][0-9A-Fa-f]{7})L?\).*/\3 \1/p' "$header" |
		awk '{ print tolower($1), $2 }' | sort -s -u -k1,1 | awk '{ printf "NTSTATUS(0x%s, \"%s\")\n", $1, $2 }'
} >formats/dump/ntstatus.def

#!/bin/sh
# Makes twin.zst: fixtures/src/decode linked a second time, with -s -w and a build tag that nothing asks for. Its code
# is that of arm64-nonleaf-unwind; the tag lengthens the build information, and that shifts the data. Needs Go 1.21.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
temp=$(mktemp -d)
trap 'rm -rf "$temp"' EXIT
cd "$here/../../fixtures/src/decode"
env GOTOOLCHAIN=go1.23.11 GOOS=linux GOARCH=arm64 CGO_ENABLED=0 GOENV=off GOFLAGS= \
	go build -trimpath -tags a_tag_that_lengthens_the_build_information -ldflags='-s -w' -o "$temp/decode" .
zstd -q -19 -f "$temp/decode" -o "$here/twin.zst"

#!/bin/sh
# Runs the go command of a release, whatever Go is installed (1.11 or newer): tools/go.sh 1.23.12 build …
#
# From 1.21 on a go command fetches any other itself (GOTOOLCHAIN). An older one can still download such a release as a
# module, in which no program has its execute bit and go.mod is called _go.mod, as modules must not hold those.
set -eu
bootstrap=1.27.4

release=$1
shift
command -v go >/dev/null || { echo "go is missing: install it (Debian: golang-go)" >&2; exit 1; }
# Go 1.19 and 1.20 do not find their standard library through the module index when run as a downloaded toolchain.
export GOENV=off GOFLAGS= GODEBUG=goindex=0

minor=$(GOTOOLCHAIN=local go env GOVERSION | sed -n 's/^go1\.\([0-9]*\).*/\1/p')
if [ "${minor:-0}" -ge 21 ]; then
	GOTOOLCHAIN=go$release exec go "$@"
fi

module=golang.org/toolchain@v0.0.1-go$bootstrap.$(go env GOHOSTOS)-$(go env GOHOSTARCH)
root=$(go env GOMODCACHE)/$module
if [ ! -f "$root/src/go.mod" ]; then
	empty=$(mktemp -d)
	trap 'rm -rf "$empty"' EXIT
	(cd "$empty" && go mod init empty && go mod download "$module") >/dev/null 2>"$empty/log" ||
		{ cat "$empty/log" >&2; exit 1; }
	chmod -R u+w "$root"
	chmod +x "$root"/bin/* "$root"/pkg/tool/*/*
	# src/go.mod last, and each at once: it says to others that may run now that all of this is done.
	{ find "$root" -name _go.mod ! -path "$root/src/_go.mod"; echo "$root/src/_go.mod"; } | while read -r file; do
		cp "$file" "$file.$$"
		mv "$file.$$" "${file%_go.mod}go.mod"
	done
	rm -rf "$empty"
fi
GOROOT=$root GOTOOLCHAIN=go$release exec "$root/bin/go" "$@"

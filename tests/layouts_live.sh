#!/bin/sh
# layouts_live.sh RELEASE…: builds a program with each Go release (fetched by the go command, so this needs a network)
# and compares the tables with its DWARF. By hand, or as an extra of CI; `make check` needs no network.
exec "$(dirname "$0")/../tools/layouts.sh" --check "$@"

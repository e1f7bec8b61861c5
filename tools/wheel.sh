#!/usr/bin/env bash
# wheel.sh OUT VERSION: OUT/wheel/tornstack-VERSION-*.whl, whose bytes depend on what is in it only; then the wheel is unpacked elsewhere
# and finds the library that was built. It holds no machine code: one for all CPUs and releases of Python.
set -euo pipefail
cd "$(dirname "$0")/.."
out=$(realpath "$1") version=$2
# The packages serve the system's own interpreter, which need not be the first one on the path (see tests/run).
for python in python3 /usr/bin/python3; do
	"$python" -c 'import cffi, setuptools, wheel' 2>/dev/null && break
done
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT

cp -r bindings/python "$stage/source"
cp lib/tornstack.h "$stage/source/tornstack/"
echo "$version" >"$stage/source/VERSION"
rm -rf "$out/wheel" && mkdir -p "$out/wheel"
export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-315532800} # the first that an archive can tell
if ! (cd "$stage/source" && "$python" -c 'import sys; from setuptools.build_meta import build_wheel; build_wheel(sys.argv[1])' "$out/wheel") \
	>"$stage/log" 2>&1; then
	cat "$stage/log" >&2
	exit 1
fi

"$python" -m zipfile -e "$out"/wheel/*.whl "$stage/installed"
cd "$stage/installed"
said=$(TORNSTACK_LIBRARY=$out/libtornstack.so "$python" -c 'import tornstack; print(tornstack.version(), tornstack.__file__)')
[ "$said" = "$version $stage/installed/tornstack/__init__.py" ] || { echo "the wheel is of no use: $said" >&2; exit 1; }
ls "$out"/wheel/*.whl

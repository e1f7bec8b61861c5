#!/usr/bin/env bash
# image.sh PROGRAM VERSION ARCHITECTURE OUTPUT: an OCI image of that one static program, as a tar archive (`podman load`, `skopeo copy
# oci-archive:…`, `docker load` of 25 and later). umoci makes it: no daemon, no root.
set -euo pipefail
program=$1 version=$2 architecture=$3 output=$4
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
layout=$folder/layout name=$folder/layout:$version

# What the program needs at most: a folder for what it unpacks.
mkdir -p "$folder/root/usr/local/bin" "$folder/root/tmp"
install -m 755 "$program" "$folder/root/usr/local/bin/tornstack"
chmod 1777 "$folder/root/tmp"
find "$folder/root" -exec touch --no-dereference --date="@${SOURCE_DATE_EPOCH:-$(date +%s)}" {} +

umoci init --layout "$layout"
umoci new --image "$name"
umoci insert --rootless --image "$name" --history.comment tornstack "$folder/root" /
umoci config --image "$name" --architecture "$architecture" --os linux --config.entrypoint /usr/local/bin/tornstack --config.cmd --help \
	--config.workingdir / --config.label org.opencontainers.image.title=tornstack --config.label "org.opencontainers.image.version=$version" \
	--config.label org.opencontainers.image.licenses=Apache-2.0 --config.label 'org.opencontainers.image.description=says what happened to a crashed Go process, from its core dump'
umoci gc --layout "$layout"
tar --sort=name --mode=u+rw,go+r --owner=0 --group=0 --numeric-owner -C "$layout" -cf "$output.new" .
mv "$output.new" "$output"

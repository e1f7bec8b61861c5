#!/usr/bin/env bash
# root.sh make SUITE ROOT [PACKAGE…]   a bare root of a Debian or Ubuntu release in the folder ROOT, with apt, these packages and nothing else
# root.sh run ROOT COMMAND…           runs COMMAND in it, with /proc and /dev, without a terminal; $HOME is /root
# root.sh remove ROOT
# As root; mmdebstrap is needed. Certificates, mirrors' settings and proxies are those of this machine. MIRROR: of the release, if it is not
# the one that mmdebstrap knows; STALE=yes: it may lag behind for weeks.
set -euo pipefail

die() { echo "root.sh: $*" >&2; exit 2; }

# Whatever is mounted below it goes first: /dev is this machine's.
leave() {
	local root=$1 place
	for place in proc/sys proc dev; do
		while mountpoint -q "$root/$place"; do umount -l "$root/$place"; done
	done
}

make_root() {
	local suite=$1 root=$2
	shift 2
	[ ! -e "$root" ] || die "$root is there already"
	# A root that a power failure spoils is made anew: dpkg need not wait for the disk.
	mmdebstrap --quiet --variant=apt --dpkgopt=force-unsafe-io ${STALE:+--aptopt='Acquire::Check-Valid-Until "false"'} --include="$(IFS=,; echo "ca-certificates${*:+,$*}")" "$suite" "$root" ${MIRROR:+"$MIRROR"}
	apt-config dump --no-empty | grep -E '^Acquire::https?::' >"$root/etc/apt/apt.conf.d/90acquire" || true
	cp /etc/hosts /etc/resolv.conf "$root/etc/"
	if [ -d /usr/local/share/ca-certificates ]; then
		cp -r /usr/local/share/ca-certificates/. "$root/usr/local/share/ca-certificates/"
		chroot "$root" update-ca-certificates >/dev/null 2>&1
	fi
}

run_in() {
	local root=$1 status=0
	shift
	if ! mountpoint -q "$root/proc"; then
		mount -t proc proc "$root/proc"
		# What packages set when they are installed (systemd-coredump: core_pattern) would be set here.
		mount --bind "$root/proc/sys" "$root/proc/sys"
		mount -o remount,bind,ro "$root/proc/sys"
	fi
	mountpoint -q "$root/dev" || mount --rbind --make-rslave /dev "$root/dev"
	chroot "$root" env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM=dumb CI=true LC_ALL=C.UTF-8 \
		DEBIAN_FRONTEND=noninteractive ${http_proxy:+http_proxy="$http_proxy"} ${https_proxy:+https_proxy="$https_proxy"} "$@" </dev/null ||
		status=$?
	leave "$root"
	return $status
}

case ${1-} in
make) shift; [ $# -ge 2 ] || die 'make SUITE ROOT [PACKAGE…]'; make_root "$@" ;;
run) shift; [ $# -ge 2 ] || die 'run ROOT COMMAND…'; run_in "$@" ;;
remove) leave "$2"; rm -rf --one-file-system "$2" ;;
*) sed -n '2,6s/^# //p' "$0" >&2; exit 2 ;;
esac

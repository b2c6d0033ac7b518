#!/bin/sh
# Becomes the systemd of a Debian root, as process 1 of namespaces of its own. Arguments: the root, and the checkout.
set -eu
root=$1
. "$2/test/helpers/own-dev.sh"
mount --bind "$root" "$root"
cd "$root"
mount -t proc proc proc
mount --bind -o ro /proc/sys proc/sys
mount -t sysfs -o ro sysfs sys
own_dev dev
mount -t tmpfs -o mode=755 tmpfs run
# To whom systemd says that it has started.
mkdir run/manager run/before
mount --bind "${NOTIFY_SOCKET%/*}" run/manager
mount -t cgroup2 cgroup2 sys/fs/cgroup
pivot_root . run/before
umount -l /run/before
# As systemd makes it outside of a container; credentials come to a service that way.
mount --make-rshared /
export container=tars-test NOTIFY_SOCKET="/run/manager/${NOTIFY_SOCKET##*/}" PATH=/usr/sbin:/usr/bin:/sbin:/bin
exec /lib/systemd/systemd --system --unit=multi-user.target

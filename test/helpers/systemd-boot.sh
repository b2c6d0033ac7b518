#!/bin/sh
# Becomes systemd in namespaces of its own: as process 1, with its own /dev, /opt, /run, /var/lib and control groups, and changes
# to /etc that nobody else sees. Arguments: a folder with etc/, units/, journal/ and asound.conf, a folder to be seen as
# /run/room, the checkout.
set -eu
folder=$1 room=$2 checkout=$3
. "$checkout/test/helpers/own-dev.sh"
# A machine's settings are the machine's.
mount --bind -o ro /proc/sys /proc/sys
mkdir "$folder/own"
mount -t tmpfs tmpfs "$folder/own"
cd "$folder/own"
mkdir changes work opt run lib dev
mount -t overlay overlay -o lowerdir=/etc,upperdir=changes,workdir=work /etc
cp "$folder/asound.conf" /etc/asound.conf
mkdir -p -m 755 opt/tars-client/current run/room run/units run/systemd/journal /etc/tars-client
for bound in "$checkout opt/tars-client/current" "$room run/room" "$folder/units run/units" \
  "$folder/journal run/systemd/journal" "$folder/etc /etc/tars-client"; do
  mount --bind "${bound% *}" "${bound##* }"
done
# What only the sandbox keeps the service from, not the owner of a file.
mkdir -m 777 /etc/open
mknod -m 666 opt/kmsg c 1 11
own_dev dev
mount --rbind opt /opt
mount --rbind run /run
mount --bind lib /var/lib
mount --rbind dev /dev
mount -t cgroup2 cgroup2 /sys/fs/cgroup
# As systemd makes it outside of a container; credentials come to a service that way.
mount --make-rshared /
cd /
export container=tars-test SYSTEMD_UNIT_PATH=/run/units
exec /lib/systemd/systemd --system --unit=basic.target

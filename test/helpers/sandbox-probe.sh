#!/bin/sh
# Tries what the sandbox of the service forbids, and says on standard error what was done. The first argument is a folder in /tmp.
try() { # restriction, command
  what=$1
  shift
  if "$@" >/dev/null 2>&1; then echo "probe: $what done" >&2; else echo "probe: $what refused" >&2; fi
}
status_has() { grep -Eq "$1" /proc/self/status; }
is_writable_mount() { awk -v place="$1" '$5 == place { options = $6 } END { exit options !~ /^rw/ }' /proc/self/mountinfo; }
is_device() { [ "$(stat -c %t:%T "$1")" = "$2" ]; }
make_setuid() { file=$(mktemp) && chmod u+s "$file" && rm "$file"; }

try StateDirectory sh -c ': >/var/lib/tars-client/probe'
try Tmp sh -c 'rm "$(mktemp)"'
try ProtectSystem sh -c ': >/etc/open/probe'
try ProtectHome ls /home
try PrivateTmp test -e "$1"
try PrivateUsers grep -Eq '^ +0 +0 +4294967295$' /proc/self/uid_map
try ProtectProc test -d /proc/1
try ProtectKernelTunables is_writable_mount /sys
try ProtectControlGroups is_writable_mount /sys/fs/cgroup
try ProtectKernelLogs is_device /dev/kmsg 1:b
try ProtectHostname hostname probe
try DevicePolicy sh -c ': >/opt/kmsg'
try NoNewPrivileges status_has '^NoNewPrivs:.0$'
try CapabilityBoundingSet status_has '^CapBnd:.*[1-9a-f]'
try SystemCallFilter renice -n 19 -p $$
try RestrictAddressFamilies perl -e 'socket(my $s, 17, 3, 0) or exit 1'
try RestrictNamespaces unshare --user true
try RestrictRealtime chrt --fifo 1 true
try RestrictSUIDSGID make_setuid
try LockPersonality setarch --addr-no-randomize true
try UMask test "$(umask)" != 0077
echo 'probe: over' >&2

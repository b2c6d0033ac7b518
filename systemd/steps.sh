# shellcheck shell=sh
# What happens to the machine around a release, whoever brings it: install.sh and the Debian package source this file.
# Places and the way to run a command (`do_it`, which may only print it) are the caller's.

unit=tars-client.service
config_folder=/etc/tars-client
credentials=$config_folder/credentials
ready_within_s=60

say() { echo "tars-client: $*" >&2 || true; } # whoever read it may be gone

has_systemd() { [ -d /run/systemd/system ]; }

# The unit of a release in $1 on standard output, for the node in $2.
unit_for() { sed -e "s|/opt/tars-client/current|$1|g" -e "s|/usr/bin/env node |$2 |g" "$3"; }

# The folder that the unit reads secrets from: systemd refuses to start the service without it.
make_credentials() {
  do_it mkdir -p "$config_folder"
  [ -d "$credentials" ] || do_it mkdir -m 700 "$credentials"
}

# On systems whose GPIO chips have a group, the service gets it; systemd refuses a group that there is not.
gpio_dropin=/etc/systemd/system/$unit.d/gpio.conf
allow_gpio() { # the folder with gpio.conf
  getent group gpio >/dev/null || return 0
  do_it mkdir -p "${gpio_dropin%/*}"
  do_it install -m 644 "$1/gpio.conf" "$gpio_dropin"
}
forbid_gpio() {
  do_it rm -f "$gpio_dropin"
  [ ! -d "${gpio_dropin%/*}" ] || do_it rmdir --ignore-fail-on-non-empty "${gpio_dropin%/*}"
}

# Whether its owner has the service on: it starts at boot, or runs.
is_switched_on() {
  if systemctl is-enabled "$unit" >/dev/null 2>&1; then return 0; fi
  case $(unit_property ActiveState) in active | activating | reloading) return 0 ;; *) return 1 ;; esac
}

unit_property() { systemctl show "$unit" --property="$1" --value 2>/dev/null || true; }

# Without a microphone the unit never finishes starting, so nothing here waits for systemctl.
start_unit() {
  do_it systemctl reset-failed "$unit" 2>/dev/null || true # an error for a unit that has never run
  do_it systemctl --no-block start "$unit"
}

# Waits until the device is ready; fails when it gave up or the time is over.
wait_ready() {
  waited_s=0
  while :; do
    case $(unit_property ActiveState) in
      active) return 0 ;;
      failed) return 1 ;;
    esac
    [ "$waited_s" -lt "$ready_within_s" ] || return 1
    sleep 1
    waited_s=$((waited_s + 1))
  done
}

# What the device says of itself, and where to read more.
tell_state() {
  state=$(unit_property ActiveState) words=$(unit_property StatusText)
  say "the service is $state${words:+: $words}"
  [ "$state" = active ] || say 'why: journalctl -u tars-client -n 50   then: sudo systemctl restart tars-client'
}

# The device holds the microphone, so the doctor looks while it is stopped.
run_doctor() {
  do_it systemctl stop "$unit"
  do_it tars-client doctor || say 'the doctor found something: mend it, then: sudo systemctl restart tars-client'
  start_unit
}

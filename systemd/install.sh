#!/bin/sh
# Installs tars-client as a service of the system, from the folder it lies in: a release tarball or a checkout.
set -eu
source=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)

usage() {
  cat <<'END'
usage: install.sh [install | upgrade | rollback | uninstall] [option…]     as root

  install     Debian packages, a release in /opt/tars-client, /etc/tars-client/config.toml, the service, `doctor`
  upgrade     the same where it is installed; keeps the configuration, and leaves a service alone that is
              neither enabled nor running. A release that is not ready in time
              (a minute) is rolled back, unless the one before was not ready either
  rollback    back to the release before
  uninstall   removes service and program; with --purge also configuration, secrets and what the device stored

  --token-file FILE        the assistant server's token, stored for the service alone
  --access-key-file FILE   Picovoice's access key, the same
  --no-start               neither enables nor starts the service
  --ready-within SECONDS   how long to wait until the device is ready (60)
  --dry-run                prints what would be done
END
}

fail() {
  say "$*"
  exit 1
}

# In a dry run commands are printed instead.
do_it() { if [ -n "$is_dry" ]; then echo "would run: $*"; else "$@"; fi; }
write_file() { # path, mode; the content comes on standard input
  if [ -n "$is_dry" ]; then cat >/dev/null; echo "would write: $1"; return; fi
  cat >"$1.new"
  chmod "$2" "$1.new"
  mv "$1.new" "$1"
}

# The name of the release in $source: its version, and a sum over everything that it consists of and runs on.
name_release() {
  version=$(sed -n 's/^  "version": "\(.*\)",$/\1/p' "$source/package.json")
  sum=$({
    node --version
    cd "$source"
    find dist/src config systemd package.json package-lock.json setup.sh -type f ! -name '*.map' -exec cksum {} + | sort
    [ ! -f BUILT-FOR ] || cat BUILT-FOR
  } | cksum | cut -d ' ' -f 1)
  echo "$version-$sum"
}

# A tarball brings its npm packages, built for one kind of machine.
check_bundle() {
  [ -f "$source/BUILT-FOR" ] || return 0
  read -r built_arch built_abi _ <"$source/BUILT-FOR"
  facts=$(node -p 'process.arch + " " + process.versions.modules')
  [ "$built_arch" = "${facts% *}" ] || fail "this release is for $built_arch, this machine's Node is ${facts% *}: take the release for ${facts% *}"
  [ "$built_abi" = "${facts#* }" ] ||
    say "this release was built for another Node ($built_abi, here ${facts#* }): naudiodon does not load, arecord takes its place"
}

ensure_built() {
  [ ! -f "$source/BUILT-FOR" ] || return 0
  # Not built here: what root builds in a checkout its owner cannot build again.
  [ -n "$is_dry" ] || "$source/setup.sh" --is-built ||
    fail "dist/ is not there or older than the sources: run ./setup.sh first (as yourself), or take the tarball (npm run package, on any machine of this kind)"
}

copy_release() { # to
  do_it mkdir -p "$1"
  for each in dist/src config systemd package.json package-lock.json setup.sh README.md CHANGELOG.md LICENSE; do
    do_it mkdir -p "$(dirname "$1/$each")"
    do_it cp -R "$source/$each" "$1/$each"
  done
  if [ -f "$source/BUILT-FOR" ]; then
    do_it cp -R "$source/node_modules" "$source/BUILT-FOR" "$1/"
  else
    do_it "$1/setup.sh" --production
    do_it rm -f "$1/setup.log"
  fi
  do_it chmod -R u=rwX,go=rX "$1" # the service's user reads it, whatever umask it was unpacked under
  do_it touch "$1/.complete"
}

# Makes the release in $1 the current one, in one step; the one that was current is kept.
switch_to() {
  before=$(readlink $home/current 2>/dev/null || true)
  if [ "$before" != "$1" ]; then
    [ -z "$before" ] || point previous "$before"
    point current "$1"
  fi
  install_units
}

point() { # link, release
  do_it ln -sfn "$2" "$home/$1.new"
  do_it mv -T "$home/$1.new" "$home/$1"
}

install_units() {
  folder=$home/current
  [ -z "$is_dry" ] || folder=$source
  do_it mkdir -p /usr/local/bin /etc/systemd/system /etc/systemd/user
  do_it ln -sfn $home/current/systemd/tars-client /usr/local/bin/tars-client
  unit_for $home/current "$node" "$folder/systemd/tars-client.service" | write_file /etc/systemd/system/$unit 644
  unit_for $home/current "$node" "$folder/systemd/tars-client-user.service" | write_file /etc/systemd/user/$unit 644
  allow_gpio "$folder/systemd"
  ! has_systemd || do_it systemctl daemon-reload
}

make_config() {
  make_credentials
  [ -e $config_folder/config.toml ] || write_file $config_folder/config.toml 644 <"$source/config/pi.toml"
  store_secret "$token_file" server-token 'Token of the assistant server (Enter: none)'
  store_secret "$access_key_file" porcupine-access-key 'Access key of Picovoice (Enter: none)'
}

store_secret() { # file or nothing, name, what to ask for
  if [ -n "$1" ]; then
    write_file "$credentials/$2" 600 <"$1"
  elif [ -n "$is_asking" ] && [ ! -e "$credentials/$2" ]; then
    printf '%s: ' "$3" >&2
    trap 'stty echo; exit 130' INT TERM
    stty -echo
    read -r secret || secret=''
    stty echo
    trap - INT TERM
    echo >&2
    [ -z "$secret" ] || printf '%s\n' "$secret" | write_file "$credentials/$2" 600
  fi
}

# Starts the current release and waits for it. An upgrade that fails goes back to the release before, if that one ran.
start_release() { # whether the one before ran, the one before
  [ "$command" = upgrade ] || do_it systemctl enable $unit
  do_it systemctl stop $unit
  start_unit
  [ -z "$is_dry" ] || return 0
  say "waiting up to $ready_within_s s until the device is ready"
  if wait_ready; then return; fi
  tell_state
  if [ -z "$1" ] || [ "$2" = "$release" ]; then
    run_doctor
    remove_old
    fail 'the device is installed but not ready; it goes on trying'
  fi
  say "this release did not become ready; going back to ${2##*/}"
  systemctl stop $unit
  roll_back_to "$2"
  rm -rf "${home:?}/$release"
  if [ -n "$earlier" ]; then point previous "$earlier"; else rm -f $home/previous; fi
  exit 1
}

roll_back_to() {
  switch_to "$1"
  start_unit
  if wait_ready; then say "${1##*/} runs again"; else tell_state; fi
}

# All but the current release and the one before.
remove_old() {
  kept=" $(readlink $home/current || true) $(readlink $home/previous || true) "
  for folder in $home/releases/*; do
    [ -d "$folder" ] || continue
    case $kept in *" releases/${folder##*/} "*) ;; *) do_it rm -rf "$folder" ;; esac
  done
}

# An unfinished release is not left behind.
discard_unfinished() { [ -f "$home/$release/.complete" ] || rm -rf "${home:?}/$release"; }

install_release() {
  do_it "$source/setup.sh" --packages
  check_bundle
  ensure_built
  release=releases/$(name_release)
  before=$(readlink $home/current 2>/dev/null || true)
  earlier=$(readlink $home/previous 2>/dev/null || true)
  was_ready=''
  if [ -n "$before" ] && has_systemd && [ "$(unit_property ActiveState)" = active ]; then was_ready=yes; fi
  if [ ! -f "$home/$release/.complete" ]; then
    [ -n "$is_dry" ] || trap discard_unfinished EXIT
    do_it rm -rf "$home/$release"
    copy_release "$home/$release"
    trap - EXIT
  fi
  make_config
  switch_to "$release"
  say "${release##*/} is installed"
  if [ "$command" = upgrade ] && ! is_switched_on; then
    [ -z "$is_starting" ] || say 'the service was switched off and stays so'
    is_starting=''
  fi
  if [ -n "$is_starting" ] && has_systemd; then
    start_release "$was_ready" "$before"
    run_doctor
    if [ -z "$is_dry" ]; then
      wait_ready || fail 'the device did not come back after the doctor'
      tell_state
    fi
  elif [ -n "$is_starting" ]; then
    say 'systemd does not run here: the service starts with the next boot'
    do_it systemctl enable $unit
  fi
  remove_old
}

uninstall() {
  if [ -e /etc/systemd/system/$unit ]; then
    if has_systemd; then do_it systemctl disable --now $unit; else do_it systemctl disable $unit; fi
  fi
  forbid_gpio
  do_it rm -rf $home /usr/local/bin/tars-client /etc/systemd/system/$unit /etc/systemd/user/$unit
  ! has_systemd || do_it systemctl daemon-reload
  [ -z "$is_purging" ] || do_it rm -rf $config_folder /var/lib/tars-client /var/lib/private/tars-client
  [ -n "$is_purging" ] || [ ! -d $config_folder ] || say "$config_folder is kept (--purge removes it)"
  say 'removed. The Debian packages that were installed for it stay'
}

. "$source/systemd/steps.sh"
umask 022
home=/opt/tars-client release=''
command=install is_dry='' is_starting=yes is_purging='' token_file='' access_key_file=''
while [ $# -gt 0 ]; do
  case $1 in
    install | upgrade | rollback | uninstall) command=$1 ;;
    --dry-run) is_dry=yes ;;
    --no-start) is_starting='' ;;
    --purge) is_purging=yes ;;
    --token-file | --access-key-file)
      [ $# -gt 1 ] && [ -r "$2" ] || fail "$1 needs a file that can be read${2:+, not $2}"
      if [ "$1" = --token-file ]; then token_file=$2; else access_key_file=$2; fi
      shift ;;
    --ready-within)
      case ${2:-} in '' | *[!0-9]*) fail "$1 needs a number of seconds" ;; esac
      ready_within_s=$2
      shift ;;
    -h | --help) usage; exit 0 ;;
    *) usage >&2; say "unknown: $1"; exit 64 ;;
  esac
  shift
done
[ "$(id -u)" = 0 ] || [ -n "$is_dry" ] || fail "this needs root: sudo $0 $command"
is_asking=''
if [ "$command" = install ] && [ -z "$is_dry" ] && [ -t 0 ] && [ -t 2 ]; then is_asking=yes; fi
node=$(command -v node || echo /usr/bin/node)
case $node in /home/* | /root/*) fail "the service cannot see $node: install Node for the whole system ($source/setup.sh says how)" ;; esac

case $command in
  install) install_release ;;
  upgrade)
    [ -e $home/current ] || fail "nothing is installed in $home: $0 install"
    install_release ;;
  rollback)
    [ -e $home/previous ] || fail 'there is no release before this one'
    target=$(readlink $home/previous)
    if has_systemd && is_switched_on; then
      do_it systemctl stop $unit
      roll_back_to "$target"
    else
      switch_to "$target"
    fi ;;
  uninstall) uninstall ;;
esac

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
do_it() { if [ -n "$is_dry" ]; then echo "would run: $*"; else "$@" 9>&-; fi; } # 9 is the lock, for this shell alone
write_file() { # path, mode; the content comes on standard input
  if [ -n "$is_dry" ]; then cat >/dev/null; echo "would write: $1"; return; fi
  cat >"$1.new" && chmod "$2" "$1.new" && mv "$1.new" "$1" || { rm -f "$1.new"; fail "$1 cannot be written"; }
}

# The name of the release in $source: its version, and a sum over everything that it consists of and runs on.
name_release() {
  version=$(sed -n 's/^  "version": "\(.*\)",$/\1/p' "$source/package.json")
  sum=$({
    node --version
    cd "$source"
    find dist/src config systemd package.json package-lock.json setup.sh -type f ! -name '*.map' -exec cksum {} + | LC_ALL=C sort
    [ ! -f BUILT-FOR ] || cat BUILT-FOR
  } | cksum | cut -d ' ' -f 1)
  echo "$version-$sum"
}

# Also in a dry run: setup.sh says how to come by Node before it does anything.
check_node() {
  node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' 2>/dev/null || "$source/setup.sh" --packages || exit 1
}

# One program, one configuration, one unit: the Debian package's or these.
check_package() {
  remedy="copy what you want to keep of $config_folder elsewhere, then: sudo apt-get purge tars-client"
  case $(package_state) in
    '') ;;
    config-files) fail "the Debian package is removed, but its configuration is still there: $remedy" ;;
    *) fail "tars-client is installed as a Debian package ($(package_state)): upgrade it by apt-get, or $remedy" ;;
  esac
}

# What dpkg knows of the Debian package, in its words; nothing where it knows none.
package_state() { dpkg-query -W -f '${db:Status-Status}' tars-client 2>/dev/null | sed 's/^not-installed$//'; }

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
  current=$(readlink $home/current 2>/dev/null || true)
  if [ "$current" != "$1" ]; then
    [ -z "$current" ] || point previous "$current"
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
  install_unit "$folder/systemd/tars-client.service" /etc/systemd/system
  install_unit "$folder/systemd/tars-client-user.service" /etc/systemd/user
  allow_gpio "$folder/systemd"
  ! has_systemd || do_it systemctl daemon-reload
}

install_unit() { # template, which an older release may not have; folder
  [ ! -f "$1" ] || unit_for $home/current "$node" "$1" | write_file "$2/$unit" 644
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
    trap 'stty echo' EXIT
    stty -echo # before somebody answers
    printf '%s: ' "$3" >&2
    read -r secret || secret=''
    stty echo
    trap - EXIT
    echo >&2
    [ -z "$secret" ] || printf '%s\n' "$secret" | write_file "$credentials/$2" 600
  fi
}

# Starts the current release and waits for it. One that is not ready stays only where the one before was not ready either.
start_release() {
  [ "$command" = upgrade ] || do_it systemctl enable $unit
  do_it systemctl stop $unit
  start_unit
  [ -z "$is_dry" ] || return 0
  say "waiting up to $ready_within_s s until the device is ready"
  if wait_ready; then return; fi
  tell_state
  if [ -n "$was_ready" ] && [ "$before" != "$release" ]; then exit 1; fi
  trap - EXIT
  look
  remove_old
  fail 'the device is installed but not ready; it goes on trying'
}

# How this shell ends before the new release is ready, whatever ended it: back to the one before. Nothing ends that, and
# there may be no terminal any more.
go_back() {
  code=$?
  trap '' HUP INT TERM PIPE
  trap - EXIT
  set +e
  [ "$ready_within_s" -gt 60 ] || ready_within_s=60 # it was ready before: no haste
  if [ $code -gt 128 ]; then say "interrupted; going back to ${before##*/}"
  else say "this release did not become ready; going back to ${before##*/}"; fi
  if [ -z "$is_starting" ] || ! has_systemd; then
    switch_to "$before"
  else
    systemctl stop $unit 9>&-
    if [ -n "$was_ready" ]; then roll_back_to "$before"; else switch_to "$before"; start_unit; fi
  fi
  [ -z "$is_copied" ] || rm -rf "${home:?}/$release"
  if [ -n "$earlier" ]; then point previous "$earlier"; else rm -f $home/previous; fi
  exit $code
}

roll_back_to() {
  switch_to "$1"
  start_unit
  [ -z "$is_dry" ] || return 0
  if wait_ready; then say "${1##*/} runs again"; else tell_state; return 1; fi
}

# The doctor looks while the service is stopped; it is started again, also by what ends this shell.
look() {
  [ -n "$is_dry" ] || trap start_again EXIT
  run_doctor
  trap - EXIT
}

# As this shell ends; the end of its terminal does not keep the service from it.
start_again() {
  trap '' HUP INT TERM PIPE
  start_unit
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
  check_node
  check_package
  do_it "$source/setup.sh" --packages
  check_bundle
  ensure_built
  release=releases/$(name_release)
  before=$(readlink $home/current 2>/dev/null || true)
  earlier=$(readlink $home/previous 2>/dev/null || true)
  was_ready='' is_copied=''
  if [ -n "$before" ] && has_systemd; then
    case $(unit_property ActiveState) in
      active | reloading) was_ready=yes ;;
      # Stopped by its owner; one that was never started is not enabled.
      inactive) ! systemctl is-enabled "$unit" >/dev/null 2>&1 || was_ready=yes ;;
    esac
  fi
  if [ ! -f "$home/$release/.complete" ]; then
    [ -n "$is_dry" ] || trap discard_unfinished EXIT
    is_copied=yes
    do_it rm -rf "$home/$release"
    copy_release "$home/$release"
    trap - EXIT
  fi
  make_config
  if [ "$command" = upgrade ] && ! is_switched_on; then
    [ -z "$is_starting" ] || say 'the service was switched off and stays so'
    is_starting=''
  fi
  [ -n "$is_dry" ] || [ -z "$before" ] || [ "$before" = "$release" ] || trap go_back EXIT
  switch_to "$release"
  say "${release##*/} is installed"
  if [ -n "$is_starting" ] && has_systemd; then
    start_release
    trap - EXIT
    look
    if [ -z "$is_dry" ]; then
      wait_ready || fail 'the device did not come back after the doctor'
      tell_state
    fi
  elif [ -n "$is_starting" ]; then
    say 'systemd does not run here: the service starts with the next boot'
    do_it systemctl enable $unit
  fi
  trap - EXIT
  remove_old
  [ "$command" != upgrade ] || tell_users restart
}

# A manager of services for a user is out of root's reach.
tell_users() { # what to do
  getent passwd | while IFS=: read -r name _ _ _ _ folder _; do
    [ ! -L "$folder/.config/systemd/user/default.target.wants/$unit" ] ||
      say "it runs as a service of $name, which goes on with the old program: as $name, systemctl --user $1 tars-client"
  done
}

uninstall() {
  has_package=$(package_state | sed 's/^config-files$//') # one that is removed has no service any more
  tell_users 'disable --now'
  if [ -n "$has_package" ]; then
    say "the Debian package ($has_package) keeps configuration, secrets, stored data and the service; after this, start it anew: sudo systemctl restart tars-client"
    is_purging=''
  elif [ -e /etc/systemd/system/$unit ]; then
    if has_systemd; then do_it systemctl disable --now $unit; else do_it systemctl disable $unit; fi
  fi
  [ -n "$has_package" ] || forbid_gpio
  do_it rm -rf $home /usr/local/bin/tars-client /etc/systemd/system/$unit /etc/systemd/user/$unit
  ! has_systemd || do_it systemctl daemon-reload
  [ -z "$is_purging" ] || do_it rm -rf $config_folder /var/lib/tars-client /var/lib/private/tars-client
  [ -n "$is_purging" ] || [ ! -d $config_folder ] || say "$config_folder is kept (--purge removes it)"
  say 'removed. The Debian packages that were installed for it stay'
}

. "$source/systemd/steps.sh"
umask 022
home=/opt/tars-client release=''
# What ends this shell comes by its EXIT trap; a reader of its messages that is gone does not end it.
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM
trap : PIPE
command=install is_dry='' is_starting=yes is_purging='' token_file='' access_key_file=''
while [ $# -gt 0 ]; do
  case $1 in
    install | upgrade | rollback | uninstall) command=$1 ;;
    --dry-run) is_dry=yes ;;
    --no-start) is_starting='' ;;
    --purge) is_purging=yes ;;
    --token-file | --access-key-file)
      [ $# -gt 1 ] && [ -r "$2" ] && [ ! -d "$2" ] || fail "$1 needs a file that can be read${2:+, not $2}"
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
case "$node $(readlink -f "$node")" in /home/* | /root/* | *' /home/'* | *' /root/'*) fail "the service cannot see $node: install Node for the whole system ($source/setup.sh says how)" ;; esac

if [ -z "$is_dry" ]; then
  exec 9>/run/tars-client-install.lock
  flock -n 9 || fail 'another install.sh is at work: wait until it is done'
fi
case $command in
  install) install_release ;;
  upgrade)
    [ -e $home/current ] || fail "nothing is installed in $home: $0 install"
    install_release ;;
  rollback)
    [ -e $home/previous ] || fail 'there is no release before this one'
    target=$(readlink $home/previous)
    if has_systemd && is_switched_on; then
      [ -n "$is_dry" ] || trap start_again EXIT # what is interrupted is not left stopped
      do_it systemctl stop $unit
      roll_back_to "$target"
    else
      switch_to "$target"
    fi ;;
  uninstall) uninstall ;;
esac

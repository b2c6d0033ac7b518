#!/bin/sh
# Makes this checkout ready to run: Debian packages, node_modules with its native parts, dist/.
# npm runs it before `npm start`, and with --test before `npm test`. With nothing to do it says nothing.
# systemd/install.sh runs it in a release, which has its dist/: --packages installs the Debian packages that the
# program runs with, --production also node_modules without what only development needs and without asking for a compiler.
# --is-built only answers whether dist/ is up to date, by its exit code.
set -eu
CDPATH='' cd -- "$(dirname -- "$0")"

log=$PWD/setup.log is_log_open='' stamp=node_modules/.setup-stamp

# What the device builds and runs with, and what only its tests need. Debian 12 and 13 have the same names.
build_packages='build-essential python3 libasound2-dev'
run_packages='ca-certificates alsa-utils libasound2-plugins libpocketsphinx3 pocketsphinx-en-us libspeexdsp1 flite'
test_packages='pulseaudio pulseaudio-utils openssl procps systemd gpiod chromium'

say() { echo "setup: $*" >&2; } # stdout belongs to the program that starts afterwards
noisy() {
  [ -n "$is_log_open" ] || { is_log_open=yes; : >"$log"; }
  "$@" </dev/null >>"$log" 2>&1
}
fail() {
  say "$*"
  { grep -E '^(E: |npm ERR!|npm error) .|error TS' "$log" || tail -n 12 "$log"; } | head -n 12 | sed 's/^/  | /' >&2
  say "the whole log: $log"
  exit 1
}

check_node() {
  node_version=$(node --version 2>/dev/null) || node_version=none
  case $node_version in
    none | v[0-9].* | v1[0-9].*) ;;
    *) if [ "$mode" = --packages ] || command -v npm >/dev/null; then return; fi ;;
  esac
  cat >&2 <<END
setup: Node 20 or newer with npm is needed; found Node $node_version, npm $(command -v npm || echo none). To install both:
  Debian 13, Raspberry Pi OS 13:  sudo apt-get install nodejs npm
  Debian 12, Raspberry Pi OS 12:  sudo apt-get install npm curl && sudo npx --yes n 20   (then open a new terminal)
  macOS:                          brew install node
END
  exit 1
}

# Sets `missing` to the packages of $* that are not installed, without those that apt did not know before.
find_missing() {
  installed=" $(dpkg-query -W -f '${db:Status-Status}=${Package} ' "$@" 2>/dev/null || true)"
  missing=''
  for package in "$@"; do
    case "$installed $unavailable " in *" installed=$package "* | *" $package "*) ;; *) missing="$missing $package" ;; esac
  done
}

ask_apt() {
  known='' unknown='' # of the missing packages
  for package in $missing; do
    if apt-cache show "$package" >/dev/null 2>&1; then known="$known $package"; else unknown="$unknown $package"; fi
  done
}

choose_root_command() {
  if [ "$(id -u)" -eq 0 ]; then as_root=''
  elif sudo -n true 2>/dev/null; then as_root='sudo -n'
  elif command -v sudo >/dev/null && [ -t 0 ] && [ -t 2 ]; then as_root='sudo' # asks on the terminal
  else
    say "Debian packages are missing and there is no way to become root from here. As root, type this, then try again:"
    echo "  apt-get update && apt-get install -y --no-install-recommends$missing" >&2
    exit 1
  fi
}

apt() { noisy $as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300 "$@"; }
update_lists() { apt -o APT::Update::Error-Mode=any update; } # otherwise an absent network is not an error

install_packages() {
  choose_root_command
  say "installing Debian packages:$missing"
  ask_apt
  if [ -n "$unknown" ]; then # package lists absent or old
    update_lists || { ask_apt; [ -z "$unknown" ] || fail "apt-get update failed, and without it apt has no package$unknown"; }
    ask_apt
  fi
  set -- install -y --no-install-recommends $known
  [ -z "$known" ] || apt "$@" || { update_lists && apt "$@"; } || fail "apt-get install failed for:$known"
  [ -z "$unknown" ] || say "apt has no package$unknown: going on without; the parts that need it will say so"
  unavailable="$unavailable$unknown"
}

# npm answers 0 also for an install script that it was told not to run, so what counts is a file or a check.
build_native() { # package, check, what its absence means
  say "building $1"
  noisy npm rebuild --ignore-scripts=false "$1" || true
  noisy eval "$2" || say "$1 could not be built: $3. Log: $log; to try again, rm $stamp"
}

install_modules() {
  say "installing the npm packages (log: $log)"
  export ONNXRUNTIME_NODE_INSTALL=skip # its install script would fetch parts for graphics cards
  if [ "$mode" = --production ]; then
    # Half of what npm may take by itself; a Pi Zero has 512 MB.
    noisy env NODE_OPTIONS=--max-old-space-size=192 npm ci --ignore-scripts --omit=dev --include=optional --no-audit --no-fund ||
      fail 'npm ci failed'
  else
    noisy npm ci --ignore-scripts --include=dev --include=optional || fail 'npm ci failed'
  fi

  node_facts=$(node -p 'process.arch + " " + path.dirname(path.dirname(process.execPath))')
  headers=${node_facts#* } # Node's own: with them node-gyp downloads nothing
  [ ! -f "$headers/include/node/node_api.h" ] || export npm_config_nodedir="${npm_config_nodedir:-$headers}"
  export CXXFLAGS="${CXXFLAGS:-} -include string" # naudiodon forgets it, GCC 14 (Debian 13) minds
  if [ "$os ${node_facts%% *}" = 'Linux arm64' ]; then
    # naudiodon ships an x86-64 PortAudio and speaker has no mpg123 configuration for this architecture.
    portaudio=$({ dpkg-query -L libportaudio2 2>/dev/null; ls /usr/lib*/libportaudio.so.2 2>/dev/null; } |
      grep '/libportaudio\.so\.2$' | head -n 1)
    noisy cp -L "${portaudio:-libportaudio.so.2}" node_modules/naudiodon/portaudio/bin/libportaudio.so.2 || true
    mpg123=node_modules/speaker/deps/mpg123/config/linux
    [ -e $mpg123/arm64 ] || noisy cp -R $mpg123/x64 $mpg123/arm64 || true
  fi
  for binaries in node_modules/onnxruntime-node/bin/*/*/*; do # it carries those of every platform, 150 MB too many
    case $binaries in */"$(echo "$os" | tr '[:upper:]' '[:lower:]')/${node_facts%% *}") ;; *) rm -rf "$binaries" ;; esac
  done
  if can_compile; then compile; fi
  build_native koffi "node -e 'require(\"koffi\")'" 'no PocketSphinx, no systemd notification'
}

# A release is installed without a compiler; everything else has asked apt for one.
can_compile() {
  [ "$mode" = --production ] || return 0
  for tool in c++ make python3; do
    command -v $tool >/dev/null || { say "no $tool here: naudiodon and speaker are not built, arecord and aplay take their place"; return 1; }
  done
  [ -e /usr/include/alsa/asoundlib.h ] ||
    { say 'no libasound2-dev here: naudiodon and speaker are not built, arecord and aplay take their place'; return 1; }
}

compile() {
  build_native segfault-handler '[ -e node_modules/segfault-handler/build/Release/segfault-handler.node ]' 'naudiodon needs it'
  build_native naudiodon '[ -e node_modules/naudiodon/build/Release/naudiodon.node ]' 'the microphone goes through arecord'
  build_native speaker '[ -e node_modules/speaker/build/Release/binding.node ]' 'the loudspeaker goes through aplay'
}

# Whether dist/ is there and no older than what it is made from.
is_built() {
  newer=$(find src test package.json package-lock.json tsconfig.json -newer dist/.built 2>/dev/null | head -n 1)
  [ -e dist/.built ] && [ -z "$newer" ]
}

build() {
  if is_built; then return; fi
  say 'building'
  noisy npm run build || fail 'the build failed'
  find dist/src dist/test -name '*.js' 2>/dev/null | while read -r file; do # a compiled file outlives its source
    source=${file#dist/}
    [ -e "${source%.js}.ts" ] || [ -e "$source" ] || rm -f "$file" "$file.map"
  done
}

mode=${1:-}
case $mode in
  '') packages="$build_packages $run_packages" ;;
  --test) packages="$build_packages $run_packages $test_packages" ;;
  --packages | --production) packages=$run_packages ;;
  --is-built) if is_built; then exit 0; else exit 1; fi ;;
  *) say "unknown argument $1; usage: ./setup.sh [--test | --packages | --production | --is-built]"; exit 64 ;;
esac
check_node
os=$(uname -s) machine=$(uname -m)
[ "$machine" != aarch64 ] || packages="$packages libportaudio2" # shipped by naudiodon for the others
key="$node_version $machine $(cat package-lock.json setup.sh | cksum)"
[ "$mode" != --production ] || key="$key production"
old_key='' known_unavailable=''
[ ! -r $stamp ] || { read -r old_key && read -r known_unavailable; } <$stamp || true
if [ "$mode" = --packages ] || [ "$key" = "$old_key" ]; then is_changed=''; else is_changed=yes known_unavailable=''; fi
unavailable=$known_unavailable

if command -v apt-get >/dev/null && command -v dpkg-query >/dev/null; then
  find_missing $packages
  [ -z "$missing" ] || install_packages
elif [ -n "$is_changed" ] && [ "$os" = Darwin ]; then
  say 'macOS: embedded assistant, file and stdin work; naudiodon and speaker where they build; PocketSphinx and ALSA do not'
elif [ -n "$is_changed" ]; then
  say "this system has no apt: install what it calls these Debian packages: $packages"
fi
[ "$mode" != --packages ] || exit 0
[ -z "$is_changed" ] || install_modules
[ "$is_changed$unavailable" = "$known_unavailable" ] || printf '%s\n' "$key" "$unavailable" >$stamp
[ "$mode" = --production ] || build

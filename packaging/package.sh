#!/bin/sh
# npm run package: the built program with its production packages, for this kind of machine, as a tarball (with
# systemd/install.sh in it) and as a Debian package, both in packages/.
set -eu
CDPATH='' cd -- "$(dirname -- "$0")/.."
. systemd/steps.sh

for tool in patchelf strip dpkg-deb; do
  command -v $tool >/dev/null || { say "packaging needs $tool: apt-get install patchelf binutils dpkg"; exit 1; }
done
./setup.sh

version=$(node -p 'require("./package.json").version')
arch=$(node -p process.arch)
case $arch in
  x64) debian_arch=amd64 porcupine=linux/x86_64 ;;
  arm64) debian_arch=arm64 porcupine='raspberry-pi/*-aarch64' ;;
  *) say "no package for $arch: the program is made for x64 and arm64"; exit 1 ;;
esac
export SOURCE_DATE_EPOCH="${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || date +%s)}"
name=tars-client-$version-linux-$arch
out=$PWD/packages work=$PWD/packages/.work
rm -rf "$work"
mkdir -p "$work/$name"
trap 'rm -rf "$work"' EXIT
umask 022

# The npm packages are those that the tests ran with, less what only development needs and what only builds them.
collect() { # folder
  mkdir "$1/dist"
  cp -R dist/src "$1/dist/"
  cp -R config systemd package.json package-lock.json setup.sh README.md CHANGELOG.md LICENSE node_modules "$1/"
  find "$1/dist" -name '*.map' -delete
  (cd "$1" && npm prune --omit=dev --ignore-scripts --offline --no-audit --no-fund --silent)
  trim "$1/node_modules"
  chmod -R u=rwX,go=rX "$1"
  sum=$(cd "$1" && find node_modules -type f -exec cksum {} + | LC_ALL=C sort | cksum | cut -d ' ' -f 1)
  echo "$(node -p 'process.arch + " " + process.versions.modules') $sum" >"$1/BUILT-FOR" # the sum tells releases apart
}

trim() { # node_modules
  (
    cd "$1"
    kept=porcupine-kept
    mkdir $kept
    (cd @picovoice/porcupine-node/lib && tar -cf - common $porcupine) | tar -xf - -C $kept
    rm -rf @picovoice/porcupine-node/lib
    mv $kept @picovoice/porcupine-node/lib
    rm -rf @koromix/*/musl_* koffi/vendor koffi/doc
    find koffi/src -type f ! -name '*.js' ! -name '*.cjs' ! -name '*.json' -delete
    rm -rf naudiodon/src naudiodon/scratch naudiodon/portaudio speaker/deps speaker/src speaker/examples segfault-handler/src \
      segfault-handler/includes segfault-handler/stacktrace-*.log nan
    for addon in naudiodon speaker segfault-handler; do
      [ -d $addon/build/Release ] || continue
      find $addon/build -mindepth 1 -type f ! -path "$addon/build/Release/*.node" ! -path "$addon/build/Release/libportaudio.so.2" -delete
      find $addon/build -path '*/obj.target/*' -type f -delete
      find $addon/build -mindepth 1 -type d -empty -delete
    done
    # The linker wrote the folder it was built in into it.
    [ ! -f naudiodon/build/Release/naudiodon.node ] || patchelf --set-rpath '$ORIGIN' naudiodon/build/Release/naudiodon.node
    find . -type f \( -name '.*' -o -name '*.ts' -o -name '*.cts' -o -name '*.mts' -o -name '*.map' -o -name '*.html' \) -delete
    find . -type d \( -name test -o -name tests -o -name benchmarks -o -name docs -o -name '.[a-z]*' \) -prune -exec rm -rf {} +
    rm -f koffi/cnoke.cjs
    find . -type d -empty -delete
    find . -type f -exec chmod a-x {} +
    find . -type f \( -name '*.node' -o -name '*.so*' \) -exec strip --strip-unneeded {} +
  )
}

make_tarball() {
  tar -C "$work" --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$SOURCE_DATE_EPOCH" -czf "$out/$name.tar.gz" "$name"
  say "packages/$name.tar.gz, $(du -h "$out/$name.tar.gz" | cut -f 1)"
}

make_deb() {
  root=$work/deb lib=$work/deb/usr/lib/tars-client doc=$work/deb/usr/share/doc/tars-client
  mkdir -p "$root/DEBIAN" "$lib/systemd" "$doc" "$root/usr/bin" "$root/usr/lib/systemd/system" "$root/usr/lib/systemd/user" \
    "$root/etc/tars-client/credentials" "$root/usr/share/lintian/overrides" "$root/usr/share/man/man1"
  (cd "$work/$name" && cp -R dist node_modules package.json "$lib/")
  mkdir "$lib/config"
  cp config/default.toml "$lib/config/"
  cp systemd/steps.sh systemd/gpio.conf systemd/tars-client "$lib/systemd/"
  ln -s ../lib/tars-client/systemd/tars-client "$root/usr/bin/tars-client"
  unit_for /usr/lib/tars-client /usr/bin/node systemd/tars-client.service >"$root/usr/lib/systemd/system/tars-client.service"
  unit_for /usr/lib/tars-client /usr/bin/node systemd/tars-client-user.service >"$root/usr/lib/systemd/user/tars-client.service"
  sed -i 's|^Documentation=.*|Documentation=file:///usr/share/doc/tars-client/README.md.gz|' "$root"/usr/lib/systemd/*/tars-client.service
  cp config/pi.toml "$root/etc/tars-client/config.toml"
  echo /etc/tars-client/config.toml >"$root/DEBIAN/conffiles"
  cp packaging/copyright "$doc/copyright"
  cp packaging/lintian-overrides "$root/usr/share/lintian/overrides/tars-client"
  gzip -9n <packaging/tars-client.1 >"$root/usr/share/man/man1/tars-client.1.gz"
  gzip -9n <README.md >"$doc/README.md.gz"
  gzip -9n <CHANGELOG.md >"$doc/NEWS.md.gz"
  printf '%s\n' "tars-client ($version) unstable; urgency=medium" '' '  * See NEWS.md.' '' \
    " -- tars-client maintainers <tars-client@localhost.localdomain>  $(date -u -R -d "@$SOURCE_DATE_EPOCH")" | gzip -9n >"$doc/changelog.gz"
  for script in preinst postinst prerm postrm; do install -m 755 packaging/$script "$root/DEBIAN/$script"; done
  chmod -R u=rwX,go=rX "$root"
  chmod 755 "$lib/dist/src/main.js"
  chmod 700 "$root/etc/tars-client/credentials"
  portaudio='' # naudiodon carries it, on Arm the one of Debian, which needs what Debian's package needs
  [ $debian_arch != arm64 ] || portaudio=', libportaudio2'
  sed -e "s|@version@|$version|" -e "s|@arch@|$debian_arch|" -e "s|@portaudio@|$portaudio|" \
    -e "s|@size@|$(du -sk --exclude=DEBIAN "$root" | cut -f 1)|" packaging/control >"$root/DEBIAN/control"
  (cd "$root" && find usr -type f -exec md5sum {} + | sort -k 2 >DEBIAN/md5sums)
  find "$root" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
  dpkg-deb --root-owner-group -Zxz --build "$root" "$out/tars-client_${version}_$debian_arch.deb" >/dev/null
  say "packages/tars-client_${version}_$debian_arch.deb, $(du -h "$out/tars-client_${version}_$debian_arch.deb" | cut -f 1)"
}

collect "$work/$name"
make_tarball
make_deb

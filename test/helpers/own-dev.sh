# shellcheck shell=sh
# Makes a folder a /dev of its own: what every program needs, and nothing of the machine's hardware.
own_dev() { # folder
  mount -t tmpfs -o mode=755 tmpfs "$1"
  mkdir "$1/pts" "$1/shm"
  for node in 'null 1 3' 'zero 1 5' 'full 1 7' 'random 1 8' 'urandom 1 9' 'tty 5 0'; do
    set -- "$1" $node
    mknod -m 666 "$1/$2" c "$3" "$4"
  done
  mknod -m 644 "$1/kmsg" c 1 11
  mount -t devpts -o newinstance,ptmxmode=666,mode=620 devpts "$1/pts"
  mount -t tmpfs -o mode=1777 tmpfs "$1/shm"
  ln -s pts/ptmx "$1/ptmx"
  ln -s /proc/self/fd "$1/fd"
  for each in 0 1 2; do ln -s "/proc/self/fd/$each" "$1/std$(echo in out err | cut -d ' ' -f $((each + 1)))"; done
}

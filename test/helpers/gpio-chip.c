// A GPIO chip for programs that are started with this library in LD_PRELOAD: what the kernel's character device would answer
// to libgpiod, of either interface (uapi v1 and v2), where the kernel has no chip to simulate. In the folder $GPIO_CHIP_FOLDER:
//   gpiochip0   stands for the device; line N is named GPION
//   event-N     a pipe of the edges of line N, in the kernel's own structures; whoever writes there presses the button
//   active-N    if it is there, line N is at its active level
//   busy-N      if it is there, line N belongs to somebody else
//   mute        if it is there, the chip does not tell of itself
//   gone        if it is there, the chip is not
//   log         a line for each request and each value: "request N FLAGS EDGES CONSUMER UAPI", "set N VALUE NANOSECONDS"
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/gpio.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define LINES 54
#define FDS 1024
static int chips[FDS];   // file descriptors of the chip
static int handles[FDS]; // of lines that are driven, plus 1
static int contacts[FDS]; // of lines that are watched, plus 1

static const char *file(const char *name, int line) {
  static char path[4096];
  const char *folder = getenv("GPIO_CHIP_FOLDER");
  snprintf(path, sizeof path, line < 0 ? "%s/%s" : "%s/%s-%d", folder ? folder : "/nowhere", name, line);
  return path;
}
static int is_chip(const char *path) { return strncmp(path, file("gpiochip", -1), strlen(file("gpiochip", -1))) == 0; }
static int is_there(const char *name, int line) { return faccessat(AT_FDCWD, file(name, line), F_OK, 0) == 0; }
static int fail(int error) { errno = error; return -1; }
static void note(const char *format, ...) {
  char text[256];
  va_list list;
  va_start(list, format);
  int length = vsnprintf(text, sizeof text, format, list);
  va_end(list);
  int fd = openat(AT_FDCWD, file("log", -1), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (write(fd, text, length) != length) abort();
  close(fd);
}
static void note_value(int line, int value) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  note("set %d %d %lld\n", line, value, now.tv_sec * 1000000000LL + now.tv_nsec);
}
static void name_line(char *name, unsigned line) { snprintf(name, 32, "GPIO%u", line); }

static int request(unsigned line, unsigned long long flags, int edges, const char *consumer, int uapi) {
  if (line >= LINES) return fail(EINVAL);
  if (is_there("busy", line)) return fail(EBUSY);
  note("request %u %#llx %d %s v%d\n", line, flags, edges, consumer, uapi);
  int fd;
  if (edges) {
    mkfifo(file("event", line), 0600);
    fd = openat(AT_FDCWD, file("event", line), O_RDWR | O_NONBLOCK | O_CLOEXEC);
    contacts[fd] = line + 1;
  } else {
    fd = openat(AT_FDCWD, "/dev/null", O_RDWR | O_CLOEXEC);
    handles[fd] = line + 1;
  }
  return fd;
}

int ioctl(int fd, unsigned long request_code, ...) {
  unsigned what = request_code; // as the kernel takes it
  va_list list;
  va_start(list, request_code);
  void *argument = va_arg(list, void *);
  va_end(list);
  if (fd >= 0 && fd < FDS && chips[fd]) {
    if (what == GPIO_GET_CHIPINFO_IOCTL) {
      if (is_there("mute", -1)) return fail(EIO);
      *(struct gpiochip_info *)argument = (struct gpiochip_info){.name = "gpiochip0", .label = "pinctrl-bcm2711", .lines = LINES};
      return 0;
    }
    if (what == GPIO_GET_LINEINFO_IOCTL) {
      struct gpioline_info *info = argument;
      name_line(info->name, info->line_offset);
      return 0;
    }
    if (what == GPIO_V2_GET_LINEINFO_IOCTL) {
      struct gpio_v2_line_info *info = argument;
      name_line(info->name, info->offset);
      return 0;
    }
    if (what == GPIO_GET_LINEEVENT_IOCTL) {
      struct gpioevent_request *wish = argument;
      wish->fd = request(wish->lineoffset, wish->handleflags, wish->eventflags, wish->consumer_label, 1);
      return wish->fd < 0 ? -1 : 0;
    }
    if (what == GPIO_GET_LINEHANDLE_IOCTL) {
      struct gpiohandle_request *wish = argument;
      wish->fd = request(wish->lineoffsets[0], wish->flags, 0, wish->consumer_label, 1);
      if (wish->fd >= 0) note_value(wish->lineoffsets[0], wish->default_values[0]);
      return wish->fd < 0 ? -1 : 0;
    }
    if (what == GPIO_V2_GET_LINE_IOCTL) {
      struct gpio_v2_line_request *wish = argument;
      int edges = (wish->config.flags & GPIO_V2_LINE_FLAG_EDGE_RISING ? 1 : 0) | (wish->config.flags & GPIO_V2_LINE_FLAG_EDGE_FALLING ? 2 : 0);
      wish->fd = request(wish->offsets[0], wish->config.flags, edges, wish->consumer, 2);
      if (wish->fd >= 0 && !edges) note_value(wish->offsets[0], 0);
      return wish->fd < 0 ? -1 : 0;
    }
    return fail(ENOTTY);
  }
  if (fd >= 0 && fd < FDS && handles[fd]) {
    if (is_there("gone", -1)) return fail(ENODEV);
    if (what == GPIOHANDLE_SET_LINE_VALUES_IOCTL) note_value(handles[fd] - 1, ((struct gpiohandle_data *)argument)->values[0]);
    else if (what == GPIO_V2_LINE_SET_VALUES_IOCTL) note_value(handles[fd] - 1, ((struct gpio_v2_line_values *)argument)->bits & 1);
    else return fail(ENOTTY);
    return 0;
  }
  if (fd >= 0 && fd < FDS && contacts[fd]) {
    if (is_there("gone", -1)) return fail(ENODEV);
    int is_active = is_there("active", contacts[fd] - 1);
    if (what == GPIOHANDLE_GET_LINE_VALUES_IOCTL) ((struct gpiohandle_data *)argument)->values[0] = is_active;
    else if (what == GPIO_V2_LINE_GET_VALUES_IOCTL) ((struct gpio_v2_line_values *)argument)->bits = is_active;
    else return fail(ENOTTY);
    return 0;
  }
  int (*real)(int, unsigned long, void *) = (int (*)(int, unsigned long, void *))dlsym(RTLD_NEXT, "ioctl");
  return real(fd, request_code, argument);
}

int open(const char *path, int flags, ...) {
  va_list list;
  va_start(list, flags);
  int mode = va_arg(list, int);
  va_end(list);
  // Where the library looks up whether the device is a GPIO chip.
  if (strncmp(path, "/sys/bus/gpio/devices/", 22) == 0) return openat(AT_FDCWD, file("dev", -1), O_RDONLY | O_CLOEXEC);
  if (!is_chip(path)) return openat(AT_FDCWD, path, flags, mode);
  if (is_there("gone", -1)) return fail(ENODEV);
  int fd = openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
  if (fd >= 0 && fd < FDS) chips[fd] = 1;
  return fd;
}

int close(int fd) {
  if (fd >= 0 && fd < FDS) chips[fd] = handles[fd] = contacts[fd] = 0;
  int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "close");
  return real(fd);
}

static int status(const char *path, struct stat *info, int flags) {
  int result = fstatat(AT_FDCWD, path, info, flags);
  if (result == 0 && is_chip(path)) {
    info->st_mode = S_IFCHR | 0600;
    info->st_rdev = 0;
  }
  return result;
}
int stat(const char *path, struct stat *info) { return status(path, info, 0); }
int lstat(const char *path, struct stat *info) { return status(path, info, AT_SYMLINK_NOFOLLOW); }
int access(const char *path, int mode) {
  if (strncmp(path, "/sys/bus/gpio/devices/", 22) == 0) return 0;
  return faccessat(AT_FDCWD, path, mode, 0);
}
char *realpath(const char *path, char *resolved) {
  if (strncmp(path, "/sys/dev/char/0:0/", 18) == 0) return strdup("/sys/bus/gpio");
  char *(*real)(const char *, char *) = (char *(*)(const char *, char *))dlsym(RTLD_NEXT, "realpath");
  return real(path, resolved);
}

import {
  CONSUMER,
  checkBy,
  type GpioChip,
  type GpioLibrary,
  type InputLine,
  type LineEdge,
  waitingEdges,
} from './gpio.js';

/** What Debian 12 installs: package libgpiod2, interface version 1. */
const LIBRARY = 'libgpiod.so.2';

// From gpiod.h of 1.6.
const FLAG_ACTIVE_LOW = 1 << 2;
const FLAG_PULL_DOWN = 1 << 4;
const FLAG_PULL_UP = 1 << 5;
const RISING_EDGE = 1;
const EVENTS_AT_ONCE = 16;
/** struct gpiod_line_event where a long has 64 bits: seconds, nanoseconds, type and padding. */
const EVENT_WORDS = 3;
const NO_TIME = new BigInt64Array(2);

/** Loads libgpiod 1. Throws the loader's error where it is not installed. */
export async function loadLibgpiod1(): Promise<GpioLibrary> {
  const { load, errno } = await import('koffi');
  const library = load(LIBRARY);
  const openChip = library.func('void *gpiod_chip_open(const char *)');
  const closeChip = library.func('void gpiod_chip_close(void *)');
  const labelOf = library.func('const char *gpiod_chip_label(void *)');
  const findLine = library.func('void *gpiod_chip_find_line(void *, const char *)');
  const lineAt = library.func('void *gpiod_chip_get_line(void *, unsigned int)');
  const offsetOf = library.func('unsigned int gpiod_line_offset(void *)');
  const requestEvents = library.func('int gpiod_line_request_both_edges_events_flags(void *, const char *, int)');
  const requestOutput = library.func('int gpiod_line_request_output_flags(void *, const char *, int, int)');
  const wait = library.func('int gpiod_line_event_wait(void *, const void *)');
  const readEvents = library.func('int gpiod_line_event_read_multiple(void *, void *, unsigned int)');
  const getValue = library.func('int gpiod_line_get_value(void *)');
  const setValue = library.func('int gpiod_line_set_value(void *, int)');
  const release = library.func('void gpiod_line_release(void *)');
  const check = checkBy(errno);

  const watch = (line: unknown, what: string): InputLine => {
    const events = new BigInt64Array(EVENT_WORDS * EVENTS_AT_ONCE);
    return {
      edges: () =>
        waitingEdges({
          wait: () => check.number(wait(line, NO_TIME), what),
          read: () => check.number(readEvents(line, events, EVENTS_AT_ONCE), what),
          at: (index) => edgeAt(events, index * EVENT_WORDS),
        }),
      isActive: () => check.number(getValue(line), what) === 1,
      close: () => release(line),
    };
  };

  const wrap = (chip: unknown, path: string): GpioChip => {
    const request = (offset: number, ask: (line: unknown) => unknown) => {
      const what = `line ${offset} of ${path}`;
      const line = check.pointer(lineAt(chip, offset), what);
      check.number(ask(line), what);
      return { line, what };
    };
    return {
      label: String(labelOf(chip)),
      offsetOf: (name) => {
        const line: unknown = findLine(chip, name);
        return line === null ? undefined : Number(offsetOf(line));
      },
      input: (offset, isActiveLow) => {
        const flags = isActiveLow ? FLAG_ACTIVE_LOW | FLAG_PULL_UP : FLAG_PULL_DOWN;
        const { line, what } = request(offset, (each) => requestEvents(each, CONSUMER, flags));
        return watch(line, what);
      },
      output: (offset, isActiveLow) => {
        const flags = isActiveLow ? FLAG_ACTIVE_LOW : 0;
        const { line, what } = request(offset, (each) => requestOutput(each, CONSUMER, flags, 0));
        return {
          set: (isActive) => void check.number(setValue(line, isActive ? 1 : 0), what),
          close: () => release(line),
        };
      },
      close: () => closeChip(chip),
    };
  };

  return { open: (path) => wrap(check.pointer(openChip(path), path), path) };
}

function edgeAt(events: BigInt64Array, at: number): LineEdge {
  const [seconds = 0n, nanoseconds = 0n, type = 0n] = events.subarray(at, at + EVENT_WORDS);
  // The type is an int; what pads it may be anything.
  return { isActive: BigInt.asIntN(32, type) === BigInt(RISING_EDGE), atNs: seconds * 1_000_000_000n + nanoseconds };
}

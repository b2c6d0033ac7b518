import { CONSUMER, checkBy, type GpioChip, type GpioLibrary, type InputLine, waitingEdges } from './gpio.js';

/** What Debian 13 installs: package libgpiod3, interface version 2. */
const LIBRARY = 'libgpiod.so.3';

// From gpiod.h of 2.2.
const INPUT = 2;
const OUTPUT = 3;
const BOTH_EDGES = 4;
const PULL_UP = 4;
const PULL_DOWN = 5;
const RISING_EDGE = 1;
const EVENTS_AT_ONCE = 16;

/** How a line is asked for. */
interface LineWish {
  direction: number;
  edges?: number;
  bias?: number;
  isActiveLow: boolean;
}

/** Loads libgpiod 2. Throws the loader's error where it is not installed. */
export async function loadLibgpiod2(): Promise<GpioLibrary> {
  const { load, errno } = await import('koffi');
  const library = load(LIBRARY);
  const openChip = library.func('void *gpiod_chip_open(const char *)');
  const closeChip = library.func('void gpiod_chip_close(void *)');
  const chipInfo = library.func('void *gpiod_chip_get_info(void *)');
  const freeInfo = library.func('void gpiod_chip_info_free(void *)');
  const labelOf = library.func('const char *gpiod_chip_info_get_label(void *)');
  const findOffset = library.func('int gpiod_chip_get_line_offset_from_name(void *, const char *)');
  const newSettings = library.func('void *gpiod_line_settings_new()');
  const freeSettings = library.func('void gpiod_line_settings_free(void *)');
  const setDirection = library.func('int gpiod_line_settings_set_direction(void *, int)');
  const setEdges = library.func('int gpiod_line_settings_set_edge_detection(void *, int)');
  const setBias = library.func('int gpiod_line_settings_set_bias(void *, int)');
  const setActiveLow = library.func('void gpiod_line_settings_set_active_low(void *, bool)');
  const newLines = library.func('void *gpiod_line_config_new()');
  const freeLines = library.func('void gpiod_line_config_free(void *)');
  const addLines = library.func(
    'int gpiod_line_config_add_line_settings(void *, const unsigned int *, size_t, void *)',
  );
  const newRequest = library.func('void *gpiod_request_config_new()');
  const freeRequest = library.func('void gpiod_request_config_free(void *)');
  const setConsumer = library.func('void gpiod_request_config_set_consumer(void *, const char *)');
  const requestLines = library.func('void *gpiod_chip_request_lines(void *, void *, void *)');
  const release = library.func('void gpiod_line_request_release(void *)');
  const getValue = library.func('int gpiod_line_request_get_value(void *, unsigned int)');
  const setValue = library.func('int gpiod_line_request_set_value(void *, unsigned int, int)');
  const wait = library.func('int gpiod_line_request_wait_edge_events(void *, int64_t)');
  const newBuffer = library.func('void *gpiod_edge_event_buffer_new(size_t)');
  const freeBuffer = library.func('void gpiod_edge_event_buffer_free(void *)');
  const readEvents = library.func('int gpiod_line_request_read_edge_events(void *, void *, size_t)');
  const eventAt = library.func('void *gpiod_edge_event_buffer_get_event(void *, unsigned long)');
  const typeOf = library.func('int gpiod_edge_event_get_event_type(void *)');
  const timeOf = library.func('uint64_t gpiod_edge_event_get_timestamp_ns(void *)');
  const check = checkBy(errno);

  const request = (chip: unknown, offset: number, wish: LineWish, what: string): unknown => {
    const [settings, lines, asking]: unknown[] = [newSettings(), newLines(), newRequest()];
    try {
      setDirection(settings, wish.direction);
      if (wish.edges !== undefined) setEdges(settings, wish.edges);
      if (wish.bias !== undefined) setBias(settings, wish.bias);
      setActiveLow(settings, wish.isActiveLow);
      setConsumer(asking, CONSUMER);
      check.number(addLines(lines, new Uint32Array([offset]), 1, settings), what);
      return check.pointer(requestLines(chip, asking, lines), what);
    } finally {
      freeSettings(settings);
      freeLines(lines);
      freeRequest(asking);
    }
  };

  const watch = (line: unknown, offset: number, what: string): InputLine => {
    const events: unknown = newBuffer(EVENTS_AT_ONCE);
    return {
      edges: () =>
        waitingEdges({
          wait: () => check.number(wait(line, 0), what),
          read: () => check.number(readEvents(line, events, EVENTS_AT_ONCE), what),
          at: (index) => {
            const event: unknown = eventAt(events, index);
            return { isActive: Number(typeOf(event)) === RISING_EDGE, atNs: BigInt(timeOf(event)) };
          },
        }),
      isActive: () => check.number(getValue(line, offset), what) === 1,
      close: () => {
        release(line);
        freeBuffer(events);
      },
    };
  };

  const labelFor = (chip: unknown, path: string): string => {
    try {
      const info = check.pointer(chipInfo(chip), path);
      const label = String(labelOf(info));
      freeInfo(info);
      return label;
    } catch (error) {
      closeChip(chip);
      throw error;
    }
  };

  const wrap = (chip: unknown, path: string): GpioChip => ({
    label: labelFor(chip, path),
    offsetOf: (name) => {
      const offset = Number(findOffset(chip, name));
      return offset < 0 ? undefined : offset;
    },
    input: (offset, isActiveLow) => {
      const what = `line ${offset} of ${path}`;
      const bias = isActiveLow ? PULL_UP : PULL_DOWN;
      const line = request(chip, offset, { direction: INPUT, edges: BOTH_EDGES, bias, isActiveLow }, what);
      return watch(line, offset, what);
    },
    output: (offset, isActiveLow) => {
      const what = `line ${offset} of ${path}`;
      const line = request(chip, offset, { direction: OUTPUT, isActiveLow }, what);
      return {
        set: (isActive) => void check.number(setValue(line, offset, isActive ? 1 : 0), what),
        close: () => release(line),
      };
    },
    close: () => closeChip(chip),
  });

  return { open: (path) => wrap(check.pointer(openChip(path), path), path) };
}

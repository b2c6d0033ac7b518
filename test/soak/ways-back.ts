import type { LogLine } from '../helpers/device.js';

/** What the device says where its microphone gave nothing but zeros, as a virtual one does in which nobody speaks. */
const FLAT_LINE = /only zeros for/;

/**
 * When a device came back to listening the last time, on the scale of `performance.now()`; undefined where these lines of
 * its log tell of no way back. A microphone that is opened anew because it gave only zeros while the device listened is no
 * way back from anything: the fault was over by then.
 */
export function lastWayBack(lines: readonly LogLine[]): LogLine | undefined {
  let back: LogLine | undefined;
  let isFlatLine = false;
  for (const line of lines) {
    if (line.event !== 'state.changed') continue;
    if (line.to === 'listening' && !isFlatLine) back = line;
    isFlatLine = line.from === 'listening' && FLAT_LINE.test(String(line.why));
  }
  return back;
}

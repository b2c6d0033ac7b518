// What every release of libgpiod has to do, as a program of its own: the chip is one that only a program sees that was started
// with it (SimulatedChip.variables). Its argument is the interface of the kernel that the library has to speak; none: any.
import assert from 'node:assert/strict';
import { readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeEach, describe, it } from 'node:test';
import { CONSUMER, type GpioChip, GpioError, type GpioLibrary } from '../../src/hands/gpio.js';
import { loadLibgpiod } from '../../src/hands/libgpiod.js';
import { SimulatedChip } from '../helpers/gpio-chip.js';

const [wanted] = process.argv.slice(2);
const BUTTON = 17;
const LED = 27;
/** As linux/gpio.h has them for either interface: what the line is, and where it is active low or high. */
const FLAGS = {
  v1: { buttonLow: 0x25, buttonHigh: 0x41, ledLow: 0x6, ledHigh: 0x2 },
  v2: { buttonLow: 0x136, buttonHigh: 0x234, ledLow: 0xa, ledHigh: 0x8 },
};

const chip = new SimulatedChip(process.env.GPIO_CHIP_FOLDER ?? '');
const openFiles = () => readdirSync('/proc/self/fd').length;
const refuses = (act: () => unknown, message: RegExp) =>
  assert.throws(act, (error) => error instanceof GpioError && message.test(error.message));

/** Whatever `use` does, the chip is closed after it. */
function withChip<T>(library: GpioLibrary, use: (opened: GpioChip) => T): T {
  const opened = library.open(chip.path);
  try {
    return use(opened);
  } finally {
    opened.close();
  }
}

describe('libgpiod', () => {
  let library: GpioLibrary;
  beforeEach(async () => {
    library = await loadLibgpiod();
  });

  it('opens a chip, and says what it and its lines are', () => {
    withChip(library, (opened) => {
      assert.equal(opened.label, 'pinctrl-bcm2711');
      assert.deepEqual([opened.offsetOf('GPIO0'), opened.offsetOf('GPIO27')], [0, 27]);
      assert.equal(opened.offsetOf('GPOI27'), undefined);
    });
  });

  it('names what is no chip, or is none any more', () => {
    refuses(() => library.open('/dev/gpiochip99'), /^\/dev\/gpiochip99: ENOENT: ls /);
    const file = join(dirname(chip.path), 'a-file');
    writeFileSync(file, '');
    refuses(() => library.open(file), /a-file: E(NOTTY|NODEV|INVAL): /);
    chip.isGone = true;
    refuses(() => library.open(chip.path), /gpiochip0: ENODEV: /);
    chip.isGone = false;
  });

  it('closes a chip that does not tell of itself', () => {
    chip.isMute = true;
    const before = openFiles();
    for (let round = 0; round < 5; round++) refuses(() => library.open(chip.path), /gpiochip0: EIO$/);
    assert.equal(openFiles(), before);
    chip.isMute = false;
  });

  it('watches a line: both edges, biased to where it is not active', (test) => {
    withChip(library, (opened) => {
      for (const isActiveLow of [true, false]) {
        opened.input(BUTTON, isActiveLow).close();
        const { uapi, flags, edges, consumer } = chip.requests.at(-1) ?? assert.fail('nothing was asked for');
        assert.deepEqual([edges, consumer], [3, CONSUMER]);
        assert.equal(flags, isActiveLow ? FLAGS[uapi].buttonLow : FLAGS[uapi].buttonHigh);
        if (wanted !== undefined) assert.equal(uapi, wanted);
        test.diagnostic(`interface ${uapi} of the kernel`);
      }
    });
  });

  it('gives the edges of a line in order and with their times, and never waits', async () => {
    const opened = library.open(chip.path);
    const line = opened.input(BUTTON, true);
    assert.deepEqual(line.edges(), []);
    const beganNs = process.hrtime.bigint();
    for (let round = 0; round < 3; round++) {
      await chip.contact(BUTTON, 1);
      await new Promise((done) => setTimeout(done, 1)); // as a bounce is stamped with times before now
      chip.bounce(BUTTON, 15);
    }
    const endedNs = process.hrtime.bigint();
    const edges = line.edges();
    assert.deepEqual(
      edges.map(({ isActive }) => isActive),
      Array.from({ length: 48 }, (_, index) => index % 2 === 0),
    );
    assert.deepEqual(
      edges.map(({ atNs }) => atNs),
      edges.map(({ atNs }) => atNs).toSorted((a, b) => Number(a - b)),
    );
    assert.ok(edges.every(({ atNs }) => atNs > beganNs - 1_000_000n && atNs <= endedNs));
    assert.deepEqual(line.edges(), []);
    line.close();
    opened.close();
  });

  it('knows the level of a line that is watched, whatever edges were dropped', async () => {
    const opened = library.open(chip.path);
    const line = opened.input(BUTTON, true);
    assert.equal(line.isActive(), false);
    await chip.contact(BUTTON, 0);
    assert.equal(line.isActive(), true);
    chip.bounce(BUTTON, 17);
    assert.equal(line.isActive(), false);
    assert.ok(line.edges().length < 18);
    chip.isGone = true;
    refuses(() => line.isActive(), /^line 17 of .*gpiochip0: ENODEV: /);
    chip.isGone = false;
    line.close();
    opened.close();
  });

  it('drives a line, dark at first', () => {
    withChip(library, (opened) => {
      for (const isActiveLow of [true, false]) {
        const before = chip.values(LED).length;
        const line = opened.output(LED, isActiveLow);
        for (const isOn of [true, false, true]) line.set(isOn);
        line.close();
        const { uapi, flags } = chip.requests.at(-1) ?? assert.fail('nothing was asked for');
        assert.equal(flags, isActiveLow ? FLAGS[uapi].ledLow : FLAGS[uapi].ledHigh);
        assert.deepEqual(
          chip
            .values(LED)
            .slice(before)
            .map(({ isOn }) => isOn),
          [false, true, false, true],
        );
      }
      const line = opened.output(LED, false);
      chip.isGone = true;
      refuses(() => line.set(true), /^line 27 of .*gpiochip0: ENODEV: /);
      chip.isGone = false;
      line.close();
    });
  });

  it('names a line that is taken and one that is not there, and leaves no file open', () => {
    chip.setBusy(LED, true);
    const before = openFiles();
    for (let round = 0; round < 20; round++) {
      withChip(library, (opened) => {
        refuses(() => opened.output(LED, false), /^line 27 of .*: EBUSY: another program/);
        refuses(() => opened.input(LED, false), /^line 27 of .*: EBUSY: another program/);
        refuses(() => opened.input(54, false), /^line 54 of .*: EINVAL: gpioinfo/);
        opened.input(BUTTON, true).close();
      });
    }
    chip.setBusy(LED, false);
    assert.equal(openFiles(), before);
    chip.close();
  });
});

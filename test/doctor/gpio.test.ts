import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { gpioCheck } from '../../src/doctor/gpio.js';
import { type GpioLibrary, gpioFault } from '../../src/hands/gpio.js';

const SETTINGS = {
  chip: '',
  button: 'GPIO17',
  isButtonActiveLow: true,
  debounceMs: 30,
  longPressMs: 800,
  hasDoublePress: false,
  led: 'GPIO27',
  isLedActiveLow: false,
};

/** One chip, whose line 17 is free and whose line 27 is taken. */
const library: GpioLibrary = {
  open: () => ({
    label: 'pinctrl-rp1',
    offsetOf: (name) => Number(name.slice('GPIO'.length)),
    input: () => ({ edges: () => [], isActive: () => false, close: () => undefined }),
    output: (offset) => {
      throw gpioFault(`line ${offset}`, 'EBUSY');
    },
    close: () => undefined,
  }),
};

describe('what the doctor says of button and LED', () => {
  it('judges each by itself: a button that is well beside an LED that is taken', async (test) => {
    const folder = mkdtempSync(join(tmpdir(), 'tars-dev-'));
    test.after(() => rmSync(folder, { recursive: true }));
    writeFileSync(join(folder, 'gpiochip0'), '');
    const findings = await gpioCheck(SETTINGS, async () => library, folder).run(new AbortController().signal);
    assert.deepEqual(
      findings.map(({ gravity, text }) => [gravity, text]),
      [
        ['ok', `the button is GPIO17, line 17 of ${folder}/gpiochip0`],
        ['warning', 'no LED for now: line 27: EBUSY: another program or a driver has the line; gpioinfo tells which'],
      ],
    );
  });
});

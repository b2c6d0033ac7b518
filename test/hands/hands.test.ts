import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import {
  type GpioChip,
  GpioError,
  type GpioLibrary,
  gpioFault,
  type InputLine,
  type LineEdge,
  type OutputLine,
} from '../../src/hands/gpio.js';
import { Hands, type HandsSettings } from '../../src/hands/hands.js';
import type { JournalEntry } from '../../src/log.js';
import { FakeClock } from '../link/support.js';
import { silentJournal } from '../service/support.js';

const SETTINGS: HandsSettings = {
  chip: '',
  button: '17',
  isButtonActiveLow: true,
  debounceMs: 30,
  longPressMs: 800,
  hasDoublePress: false,
  led: 'GPIO27',
  isLedActiveLow: false,
};

/** A machine with chips in /dev whose lines are a list of edges and a memory. */
class FakeMachine implements GpioLibrary {
  readonly folder: string;
  readonly labels = new Map<string, string>();
  pending: LineEdge[] = [];
  isActive = false;
  /** What happens while the edges are asked for. */
  onEdges: () => void = () => undefined;
  readonly lit: boolean[] = [];
  readonly open_: string[] = [];
  isGone = false;

  constructor(test: TestContext, chips: Readonly<Record<string, string>>) {
    this.folder = mkdtempSync(join(tmpdir(), 'tars-dev-'));
    test.after(() => rmSync(this.folder, { recursive: true }));
    for (const [name, label] of Object.entries(chips)) {
      writeFileSync(join(this.folder, name), '');
      this.labels.set(join(this.folder, name), label);
    }
  }

  open(path: string): GpioChip {
    const label = this.labels.get(path);
    if (label === undefined || this.isGone) throw gpioFault(path, 'ENODEV');
    const shut = this.#opened(path);
    return {
      label,
      offsetOf: (name) => (label.startsWith('pinctrl') && /^GPIO\d+$/.test(name) ? Number(name.slice(4)) : undefined),
      input: (offset) => this.#input(offset, path),
      output: (offset) => this.#output(offset, path),
      close: shut,
    };
  }

  #input(offset: number, path: string): InputLine {
    const shut = this.#opened(`${path} ${offset}`);
    const check = () => {
      if (this.isGone) throw gpioFault(`line ${offset} of ${path}`, 'ENODEV');
    };
    return {
      edges: () => {
        check();
        this.onEdges();
        return this.pending.splice(0);
      },
      isActive: () => {
        check();
        return this.isActive;
      },
      close: shut,
    };
  }

  #output(offset: number, path: string): OutputLine {
    const shut = this.#opened(`${path} ${offset}`);
    const set = (isOn: boolean) => {
      if (this.isGone) throw gpioFault(`line ${offset} of ${path}`, 'ENODEV');
      this.lit.push(isOn);
    };
    return { set, close: shut };
  }

  #opened(what: string): () => void {
    this.open_.push(what.slice(this.folder.length + 1));
    return () => this.open_.splice(this.open_.indexOf(what.slice(this.folder.length + 1)), 1);
  }
}

function setUp(test: TestContext, chips: Readonly<Record<string, string>>, settings: Partial<HandsSettings> = {}) {
  const machine = new FakeMachine(test, chips);
  const clock = new FakeClock();
  /** The process stands still before its next look at the edges. */
  const standStill = (ms: number) => {
    machine.onEdges = () => {
      clock.stand(ms);
      machine.onEdges = () => undefined;
    };
  };
  const journal = silentJournal();
  const told: JournalEntry[] = [];
  journal.watch((entry) => told.push(entry));
  const presses: string[] = [];
  let library: () => Promise<GpioLibrary> = async () => machine;
  const hands = new Hands({
    settings: { ...SETTINGS, ...settings },
    loadLibrary: () => library(),
    journal,
    clock,
    monotonicNs: () => BigInt(Math.round(clock.nowMs() * 1e6)),
    isMuted: () => false,
    onPress: (press) => presses.push(press),
    folder: machine.folder,
  });
  const pass = async (ms: number) => {
    for (let step = 0; step < ms / 10; step++) {
      for (let i = 0; i < 12; i++) await Promise.resolve();
      clock.advance(10);
    }
    for (let i = 0; i < 12; i++) await Promise.resolve();
  };
  const lost = () => told.flatMap(({ event, fields }) => (event === 'gpio.lost' ? [fields.why] : []));
  const edge = (isActive: boolean) => {
    machine.isActive = isActive;
    machine.pending.push({ isActive, atNs: BigInt(Math.round(clock.nowMs() * 1e6)) });
  };
  const close = async () => {
    const closing = hands.close();
    await pass(100);
    await closing;
  };
  test.after(close);
  return {
    machine,
    hands,
    journal,
    told,
    presses,
    pass,
    lost,
    edge,
    standStill,
    close,
    useLibrary: (load: typeof library) => (library = load),
  };
}

const CHIPS = { gpiochip0: 'gpio-brcmstb@107d508500', gpiochip4: 'pinctrl-rp1', gpiochip10: 'other' };

describe('hands', () => {
  it('finds a number on the chip of the header and a name on whichever has it, and lets go of all others', async (test) => {
    const { machine, hands, told, pass, close } = setUp(test, CHIPS);
    hands.start();
    await pass(100);
    const ready = told.findLast(({ event }) => event === 'gpio.ready');
    assert.deepEqual(ready?.fields, {
      button: `line 17 of ${machine.folder}/gpiochip4`,
      led: `GPIO27, line 27 of ${machine.folder}/gpiochip4`,
    });
    assert.deepEqual(machine.open_, ['gpiochip4', 'gpiochip4 17', 'gpiochip4', 'gpiochip4 27']);
    await close();
    assert.deepEqual(machine.open_, []);
    assert.equal(machine.lit.at(-1), false, 'dark at the end');
  });

  it('tells presses, and shows with the LED what the journal says', async (test) => {
    const { machine, hands, journal, presses, pass, edge } = setUp(test, CHIPS);
    hands.start();
    await pass(100);
    edge(true);
    await pass(150);
    edge(false);
    await pass(100);
    assert.deepEqual(presses, ['short']);
    edge(true);
    await pass(1000);
    assert.deepEqual(presses, ['short', 'long']);

    journal.record('state.changed', { from: 'idle', to: 'listening', why: '' });
    journal.record('state.changed', { from: 'listening', to: 'activeSession.userTurn', why: '' });
    await pass(50);
    const before = machine.lit.length;
    assert.equal(machine.lit.at(-1), true);
    await pass(3000);
    assert.equal(machine.lit.length, before, 'lit for good');
    journal.record('state.changed', { from: 'activeSession.userTurn', to: 'idle', why: '' });
    await pass(2000);
    assert.ok(Math.abs(machine.lit.length - before - 7) <= 1, `2 s of 250 ms each: ${machine.lit.length - before}`);
  });

  it('tells a press whose release was seen late, where the program stood still between two statements', async (test) => {
    const { hands, presses, pass, edge, standStill } = setUp(test, CHIPS);
    hands.start();
    await pass(100);
    edge(true);
    await pass(30);
    edge(false);
    standStill(200);
    await pass(100);
    assert.deepEqual(presses, ['short']);
  });

  it('asks the line itself: a release whose edge was lost makes no long press', async (test) => {
    const { machine, hands, presses, pass, edge } = setUp(test, CHIPS);
    hands.start();
    await pass(100);
    edge(true);
    machine.isActive = false;
    await pass(1500);
    assert.deepEqual(presses, ['short']);
  });

  it('does not take a button that is down when it starts for a press', async (test) => {
    const { machine, hands, presses, pass, edge } = setUp(test, CHIPS);
    machine.isActive = true;
    hands.start();
    await pass(1500);
    edge(false);
    await pass(100);
    assert.deepEqual(presses, []);
  });

  it('says once that a line is not there, and finds it when the chip comes', async (test) => {
    const { machine, hands, lost, told, pass } = setUp(test, { gpiochip0: 'other' }, { button: 'GPIO17', led: '' });
    hands.start();
    await pass(90_000);
    assert.deepEqual(lost(), [`no line is named "GPIO17" on ${machine.folder}/gpiochip0: gpioinfo lists them`]);
    writeFileSync(join(machine.folder, 'gpiochip1'), '');
    machine.labels.set(join(machine.folder, 'gpiochip1'), 'pinctrl-bcm2711');
    await pass(61_000);
    assert.equal(told.at(-1)?.event, 'gpio.ready');
  });

  it('loses a line that worked, and takes it again when it is back', async (test) => {
    const { machine, hands, lost, told, pass, presses, edge } = setUp(test, CHIPS);
    hands.start();
    await pass(1000);
    machine.isGone = true;
    await pass(3000);
    assert.equal(
      lost()[0],
      `line 17 of ${machine.folder}/gpiochip4: ENODEV: this is not a GPIO chip, or it is gone; ls /dev/gpiochip* shows them`,
    );
    assert.deepEqual(machine.open_, []);
    machine.isGone = false;
    await pass(16_000);
    assert.equal(told.at(-1)?.event, 'gpio.ready');
    edge(true);
    await pass(150);
    edge(false);
    await pass(100);
    assert.deepEqual(presses, ['short']);
  });

  it('does without a library that is not installed, and uses it when it is', async (test) => {
    const { machine, hands, lost, told, pass, useLibrary } = setUp(test, CHIPS);
    useLibrary(() => Promise.reject(new GpioError('libgpiod does not load: apt-get install libgpiod3')));
    hands.start();
    await pass(2000);
    assert.deepEqual(lost(), ['libgpiod does not load: apt-get install libgpiod3']);
    useLibrary(async () => machine);
    await pass(61_000);
    assert.equal(told.at(-1)?.event, 'gpio.ready');
  });

  it('serves a button while the line of the LED is a mistake, and the LED while the button is taken', async (test) => {
    for (const settings of [{ led: 'GPOI27' }, { button: 'GPOI17' }]) {
      const { machine, hands, lost, told, pass, presses, edge, close } = setUp(test, CHIPS, settings);
      hands.start();
      await pass(100);
      const before = told.length;
      for (let minute = 0; minute < 3; minute++) {
        await pass(60_000);
        edge(true);
        await pass(150);
        edge(false);
        await pass(100);
      }
      assert.equal(lost().length, 1);
      assert.equal(told.length, before, 'nothing was opened again');
      if (settings.led) assert.deepEqual(presses, ['short', 'short', 'short']);
      else assert.ok(machine.lit.length > 100, `${machine.lit.length} changes`);
      await close();
      assert.deepEqual(machine.open_, []);
    }
  });

  it('tells a machine without chips', async (test) => {
    const { hands, lost, pass } = setUp(test, {});
    hands.start();
    await pass(100);
    assert.deepEqual(lost(), ['there is no GPIO chip here: ls /dev/gpiochip* shows none']);
  });
});

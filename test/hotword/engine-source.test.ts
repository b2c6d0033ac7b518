import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { pino } from 'pino';
import { EngineMissingError, HotwordError } from '../../src/errors.js';
import { type EngineHistory, EngineSource, NEW_HISTORY } from '../../src/hotword/engine-source.js';
import { PorcupineRefusal } from '../../src/hotword/porcupine.js';
import { ENGINES, type EngineFactory, type EngineName, type HotwordSettings } from '../../src/hotword/registry.js';
import { FakeEngine, hotwordSettings } from './fakes.js';

const KEY = { accessKeyFile: '/key', keywords: {} };
const MODELS = { frontEndDir: '/models', models: { 'hey tars': '/models/hey_tars.onnx' }, threshold: 0.5 };

/** A source whose engines start unless they are given an error; what was started, and what the log says. */
function source(settings: Partial<HotwordSettings>, failing: Partial<Record<EngineName, Error>> = {}) {
  const started: EngineName[] = [];
  const lines: { level: number; engine?: string; why?: string; msg: string }[] = [];
  const log = pino({ base: null }, { write: (line: string) => void lines.push(JSON.parse(line)) });
  const start = (name: EngineName): EngineFactory => {
    return async () => {
      started.push(name);
      if (failing[name]) throw failing[name];
      return new FakeEngine({ name });
    };
  };
  const engines = {
    porcupine: start('porcupine'),
    openwakeword: start('openwakeword'),
    pocketsphinx: start('pocketsphinx'),
    none: start('none'),
  };
  let history = NEW_HISTORY;
  const onHistory = (next: EngineHistory) => {
    history = next;
  };
  const open = () => new EngineSource({ settings: hotwordSettings(settings), log, engines, history, onHistory });
  const first = open();
  return {
    make: async () => (await first.make()).name,
    /** From a source of its own, as in a thread of its own. */
    makeAnew: async () => (await open().make()).name,
    started,
    lines,
  };
}

describe('auto', () => {
  for (const [title, settings, expected] of [
    ['Porcupine with a key', { porcupine: KEY, openwakeword: MODELS }, 'porcupine'],
    ['openWakeWord with models and no key', { openwakeword: MODELS }, 'openwakeword'],
    ['PocketSphinx with neither', {}, 'pocketsphinx'],
  ] as const) {
    it(`takes ${title}`, async () => {
      const { make, started, lines } = source(settings);
      assert.equal(await make(), expected);
      assert.deepEqual(started, [expected]);
      assert.deepEqual(lines, []);
    });
  }

  it('goes on to the next engine where one refuses, and says why', async () => {
    const { make, started, lines } = source(
      { porcupine: KEY, openwakeword: MODELS },
      { porcupine: new PorcupineRefusal('the limit'), openwakeword: new HotwordError('no model') },
    );
    assert.equal(await make(), 'pocketsphinx');
    assert.deepEqual(started, ['porcupine', 'openwakeword', 'pocketsphinx']);
    assert.deepEqual(
      lines.map(({ level, engine, why }) => [level, engine, why]),
      [
        [40, 'porcupine', 'the limit'],
        [40, 'openwakeword', 'no model'],
      ],
    );
  });

  it('is left with keys and buttons, and says so loudly, where no engine is installed', async () => {
    const { make, lines } = source({}, { pocketsphinx: new EngineMissingError('no libpocketsphinx3') });
    assert.equal(await make(), 'none');
    assert.deepEqual(lines.length, 1);
    assert.deepEqual([lines[0]?.level, lines[0]?.why], [50, 'no libpocketsphinx3']);
    assert.match(lines[0]?.msg ?? '', /no hotword engine can listen here/);
  });

  it('fails where the configuration is wrong', async () => {
    const { make } = source({}, { pocketsphinx: new HotwordError('nobody knows how "xyzzy" is said') });
    await assert.rejects(make(), /xyzzy/);
  });

  it('does not hide a defect behind the next engine', async () => {
    const { make, started } = source({ openwakeword: MODELS }, { openwakeword: new TypeError('undefined') });
    await assert.rejects(make(), TypeError);
    assert.deepEqual(started, ['openwakeword']);
  });
});

describe('Porcupine', () => {
  for (const engine of ['auto', 'porcupine']) {
    it(`engine = "${engine}": a refusal is told once, and it is never started again`, async () => {
      const failing = { porcupine: new PorcupineRefusal('the limit') };
      const { make, started, lines } = source({ engine, porcupine: KEY }, failing);
      for (let i = 0; i < 5; i++) assert.equal(await make(), 'pocketsphinx');
      assert.equal(started.filter((name) => name === 'porcupine').length, 1);
      assert.deepEqual(
        lines.map(({ engine: name, why }) => [name, why]),
        [['porcupine', 'the limit']],
      );
    });

    it(`engine = "${engine}": when it fails while it listens, the next engine takes its place`, async () => {
      const { make, started, lines } = source({ engine, porcupine: KEY });
      assert.deepEqual([await make(), await make(), await make()], ['porcupine', 'pocketsphinx', 'pocketsphinx']);
      assert.equal(started.filter((name) => name === 'porcupine').length, 1);
      assert.equal(lines.length, 1);
      assert.match(lines[0]?.why ?? '', /started before/);
    });

    it(`engine = "${engine}": after a refusal the program does not end, or its service would start it again`, async () => {
      const failing = { porcupine: new PorcupineRefusal('the limit'), pocketsphinx: new HotwordError('xyzzy') };
      const { make, lines } = source({ engine, porcupine: KEY }, failing);
      assert.equal(await make(), 'none');
      assert.deepEqual(
        lines.map(({ level }) => level),
        [40, 50],
      );
    });
  }

  it('is known to have been started by the next source, even when the start was the end of the first', async () => {
    const { makeAnew, started } = source({ porcupine: KEY }, { porcupine: new PorcupineRefusal('the limit') });
    assert.deepEqual([await makeAnew(), await makeAnew()], ['pocketsphinx', 'pocketsphinx']);
    assert.deepEqual(started, ['porcupine', 'pocketsphinx', 'pocketsphinx']);
    const histories: EngineHistory[] = [];
    const engines = { ...ENGINES, porcupine: () => new Promise<never>(() => undefined) };
    const settings = hotwordSettings({ porcupine: KEY });
    const log = pino({ level: 'silent' });
    void new EngineSource({ settings, log, engines, onHistory: (history) => histories.push(history) }).make();
    assert.deepEqual(
      histories.map(({ isPorcupineSpent }) => isPorcupineSpent),
      [true],
    );
  });

  it('may be tried again after a mistake that was found before its start', async () => {
    const failing: Partial<Record<EngineName, Error>> = { porcupine: new HotwordError('the key is empty') };
    const { make, started } = source({ engine: 'porcupine', porcupine: KEY }, failing);
    await assert.rejects(make(), /the key is empty/);
    delete failing.porcupine;
    assert.equal(await make(), 'porcupine');
    assert.deepEqual(started, ['porcupine', 'porcupine']);
  });
});

for (const [engine, pattern] of [
  ['openwakeword', /hotword\.openwakeword\.models has no model for the phrase "hey tars"; add one/],
  ['porcupine', /"porcupine" needs hotword\.porcupine\.access_key_file/],
  ['snowboy', /"snowboy" does not exist; choose one of auto, porcupine, openwakeword, pocketsphinx, none/],
  ['toString', /"toString" does not exist/],
] as const) {
  it(`"${engine}" without more: an error that says what to do`, async () => {
    const log = pino({ level: 'silent' });
    await assert.rejects(new EngineSource({ settings: hotwordSettings({ engine }), log }).make(), (error) => {
      assert.ok(error instanceof HotwordError);
      assert.match(error.message, pattern);
      return true;
    });
  });
}

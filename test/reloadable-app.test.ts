import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { setImmediate as settled } from 'node:timers/promises';
import { pino } from 'pino';
import { App } from '../src/app.js';
import { type Config, loadConfig } from '../src/config.js';
import { HotwordError } from '../src/errors.js';
import { type AppEar, DEAF_EAR } from '../src/hotword/deaf-ear.js';
import type { EarListener } from '../src/hotword/ear-keeper.js';
import { Journal, type JournalEntry } from '../src/log.js';
import type { Microphone } from '../src/mic/microphone.js';
import { ReloadableApp } from '../src/reloadable-app.js';
import { FakeClock, FakeSocket } from './link/support.js';
import { VirtualSpeaker } from './property/virtual-sound.js';

function configured(flags: Record<string, string> = {}): Config {
  const all = new Map(Object.entries({ 'server.url': 'ws://virtual/', ...flags }));
  return loadConfig({ flags: all, env: {}, systemFile: '', cwd: '.' }).config;
}

/** An ear that the test lets fail. */
interface TestEar extends AppEar {
  fail: () => void;
  /** Tells a phrase that ended at this sample. */
  tell: (endedAt: number) => void;
  isClosed: boolean;
}

function bench(test: TestContext, flags: Record<string, string> = {}) {
  const clock = new FakeClock();
  const log = pino({ level: 'silent' });
  const journal = new Journal(log);
  const entries: JournalEntry[] = [];
  journal.watch((entry) => void entries.push(entry));
  const ears: TestEar[] = [];
  const openMicrophones = new Set<AbortSignal>();
  let heard: (samples: Int16Array) => void = () => undefined;
  const microphone: Microphone = {
    backend: 'test',
    rateHz: 16_000,
    capture: async (listener, signal) => {
      if (signal.aborted) return;
      openMicrophones.add(signal);
      heard = (samples) => listener.chunk(samples);
      queueMicrotask(() => listener.ready({ device: 'test', rateHz: 16_000 }));
      await once(signal, 'abort');
      openMicrophones.delete(signal);
    },
  };
  const positions: number[] = [];
  let isRefusing = false;
  const makeEar = async (listener: EarListener, config: Config): Promise<AppEar> => {
    await settled();
    if (isRefusing) throw new HotwordError('no room on the disk');
    if (config.hotword.phrases.includes('no such phrase')) throw new HotwordError('there is no model for this phrase');
    const ear: TestEar = {
      ...DEAF_EAR,
      engine: `test ${ears.length}`,
      isClosed: false,
      tell: (endedAt) => listener.onDetection({ phrase: 'hey tars', score: 0.5, engine: ear.engine, endedAt }),
      reset: (position) => {
        if (position !== undefined) positions.push(position);
      },
      fail: () => listener.onFailure(new HotwordError('the test wants it to fail')),
      close: async () => {
        ear.isClosed = true;
      },
    };
    ears.push(ear);
    return ear;
  };
  let config = configured(flags);
  let token = 'the first';
  const sockets: FakeSocket[] = [];
  const device = new ReloadableApp({
    config,
    make: (wanted, heirlooms) =>
      new App({
        config: wanted,
        journal,
        log,
        clock,
        random: () => 0.5,
        ...(heirlooms && { heirlooms }),
        parts: {
          microphone,
          speaker: new VirtualSpeaker(clock),
          makeEar: (listener) => makeEar(listener, wanted),
          openSocket: (target, events) => {
            const socket = new FakeSocket(target, events);
            sockets.push(socket);
            return socket;
          },
        },
      }),
    load: () => config,
    linkFiles: () => ({ token }),
    journal,
    log,
  });
  test.after(() => device.close());
  return {
    clock,
    device,
    ears,
    /** Where the ears were told to begin anew. */
    positions,
    entries,
    sockets,
    /** Whether an engine can be made from now on. */
    refuse: (isOn: boolean) => {
      isRefusing = isOn;
    },
    /** Another token is put into the file. */
    rotate: () => {
      token = 'the second';
    },
    /** A second of sound comes from the microphone, and in it the phrase of an event. */
    hear: () => {
      heard(new Int16Array(16_000));
      ears.at(-1)?.tell(16_000);
    },
    /** How many microphones are open. */
    open: () => openMicrophones.size,
    engine: () => entries.findLast(({ event }) => event === 'hotword.ready')?.fields,
    reload: (flags: Record<string, string> = {}) => {
      config = configured(flags);
      return device.reload();
    },
  };
}

const REFUSED = { 'hotword.phrases': '["no such phrase"]' };

describe('a reload', () => {
  it('waits for the end of a conversation that begins just when another one ends', async (test) => {
    const { clock, device, sockets, entries, reload } = bench(test);
    const ends = () => entries.filter(({ event }) => event === 'session.ended').length;
    await device.start();
    clock.advance(0);
    sockets[0]?.events.opened();
    const before = device.app;
    before.talkOrStop();
    const reloading = reload({ 'session.settle_ms': '250' });
    before.talkOrStop();
    before.talkOrStop();
    await settled();
    await settled();
    assert.equal(ends(), 1);
    before.talkOrStop();
    await reloading;
    assert.equal(ends(), 2);
    assert.notEqual(device.app, before);
  });

  it('leaves a muted device muted where the new configuration does not work', async (test) => {
    const { device, reload, open } = bench(test);
    await device.start();
    await settled();
    assert.equal(open(), 1);
    device.app.toggleMute();
    await settled();
    assert.equal(open(), 0);
    await reload(REFUSED);
    await settled();
    assert.equal(open(), 0);
  });

  it('hears a mute that comes while the engine is being made', async (test) => {
    const { device, open } = bench(test);
    const starting = device.start();
    device.app.toggleMute();
    await starting;
    await settled();
    assert.equal(open(), 0);
    device.app.toggleMute();
    await settled();
    assert.equal(open(), 1);
  });

  it('gives an ear that goes on no sound from before what it has heard', async (test) => {
    const { clock, device, ears, positions, hear, reload } = bench(test, {
      'hotword.actions': '{ "hey tars" = { event = "heard" } }',
    });
    await device.start();
    await settled();
    clock.advance(0);
    hear();
    await reload({ 'session.settle_ms': '250', 'hotword.actions': '{ "hey tars" = { event = "heard" } }' });
    await settled();
    assert.equal(ears.length, 1);
    assert.equal(positions.at(-1), 16_000);
    assert.deepEqual(
      positions.toSorted((a, b) => a - b),
      positions,
    );
  });

  it('makes another engine where the old one has failed', async (test) => {
    const { device, ears, reload, engine } = bench(test);
    await device.start();
    ears[0]?.fail();
    await settled();
    await reload({ 'session.settle_ms': '250' });
    assert.equal(ears.length, 2);
    assert.deepEqual(engine(), { engine: 'test 1', phrases: [] });
  });

  it('makes another engine where the old one has failed and its successor is being made', async (test) => {
    const { clock, device, ears, reload } = bench(test);
    await device.start();
    ears[0]?.fail();
    await settled();
    clock.advance(2_000);
    await reload({ 'session.settle_ms': '250' });
    assert.deepEqual(
      ears.map(({ isClosed }) => isClosed),
      [true, true, false],
    );
  });

  it('goes on with the engine where another part of the new configuration does not work', async (test) => {
    const { device, ears, reload, engine } = bench(test);
    await device.start();
    await reload({ 'server.token_file': '/no/such/file' });
    assert.equal(ears.length, 1);
    assert.deepEqual(engine(), { engine: 'test 0', phrases: [] });
    await device.close();
    assert.equal(ears[0]?.isClosed, true);
  });

  it('dials anew with another token, though the configuration is the same, and only once', async (test) => {
    const { clock, device, sockets, ears, rotate, reload } = bench(test);
    await device.start();
    clock.advance(0);
    await reload();
    clock.advance(0);
    assert.equal(sockets.length, 1);
    rotate();
    await reload();
    clock.advance(0);
    await reload();
    clock.advance(0);
    assert.deepEqual(
      sockets.map(({ isTerminated }) => isTerminated),
      [true, false],
    );
    assert.equal(ears.length, 1);
  });

  it('dials anew where what the server said at the beginning of a connection counts', async (test) => {
    const { clock, device, sockets, reload } = bench(test);
    const kept = async (protocol: string) => {
      await reload({ 'server.protocol': protocol });
      clock.advance(0);
      const before = sockets.length;
      await reload({ 'server.protocol': protocol, 'session.settle_ms': '250' });
      clock.advance(0);
      return sockets.length === before;
    };
    await device.start();
    assert.equal(await kept('gemitars'), true);
    assert.equal(await kept('augmentos'), false);
  });

  it('leaves no engine behind where the program ends while it is made', async (test) => {
    const { device, ears } = bench(test);
    const starting = device.start();
    await device.close();
    await starting;
    assert.equal(ears[0]?.isClosed, true);
  });

  it('leaves no engine behind where the program ends during a reload', async (test) => {
    const { device, ears, reload } = bench(test);
    await device.start();
    const reloading = reload({ 'hotword.phrases': '["computer"]' });
    await settled();
    await device.close();
    await reloading;
    assert.deepEqual(
      ears.map(({ isClosed }) => isClosed),
      ears.map(() => true),
    );
  });
});

describe('an engine that is lost', () => {
  for (const isReloaded of [false, true]) {
    const title = `is made again each minute where it cannot be made at once${isReloaded ? ', also behind a reload' : ''}`;
    it(`${title}; meanwhile the device has keys`, async (test) => {
      const { clock, device, ears, engine, refuse, reload } = bench(test);
      await device.start();
      refuse(true);
      ears[0]?.fail();
      await settled();
      const wait = async (ms: number) => {
        clock.advance(ms);
        await settled();
        await settled();
      };
      await wait(2_000);
      assert.deepEqual(engine(), { engine: 'none', phrases: [] });
      if (isReloaded) await reload({ 'session.settle_ms': '250' });
      await wait(60_000);
      assert.equal(ears.length, 1);
      refuse(false);
      await wait(60_000);
      assert.deepEqual(engine(), { engine: 'test 1', phrases: [] });
      await wait(600_000);
      assert.equal(ears.length, 2);
    });
  }
});

describe('the sound of the last detections', () => {
  /** What is heard begins no conversation, which a reload would wait for. */
  const KEEP_NONE = { 'hotword.actions': '{ "hey tars" = { event = "heard" } }' };
  const KEEP = { ...KEEP_NONE, 'hotword.keep_last': 'true' };

  async function saved(test: TestContext, { device, entries }: Pick<ReturnType<typeof bench>, 'device' | 'entries'>) {
    const folder = await mkdtemp(join(tmpdir(), 'tars-kept-'));
    test.after(() => rm(folder, { recursive: true }));
    const before = entries.length;
    await device.app.saveDetections(folder);
    const files = await readdir(folder);
    const told = entries.slice(before).filter(({ event }) => event === 'hotword.saved');
    return { files: files.length, told: told.map(({ fields }) => fields), folder };
  }

  it('is kept only where the configuration says so', async (test) => {
    const { hear, ...rest } = bench(test, KEEP_NONE);
    await rest.device.start();
    await settled();
    hear();
    assert.deepEqual((await saved(test, rest)).files, 0);
    await rest.reload(KEEP);
    await settled();
    hear();
    const { files, told, folder } = await saved(test, rest);
    assert.equal(files, 1);
    assert.deepEqual(told, [{ files: 1, folder }]);
    assert.equal(rest.ears.length, 1, 'keeping sound takes no new engine');
  });

  it('outlives a reload that lets it be kept, and no other', async (test) => {
    const { hear, reload, ...rest } = bench(test, KEEP_NONE);
    await rest.device.start();
    for (const [change, files] of [
      [{ 'session.settle_ms': '250' }, 1],
      [{ 'hotword.keep_last': 'false' }, 0],
    ] as const) {
      await reload(KEEP);
      await settled();
      hear();
      await reload({ ...KEEP, ...change });
      await reload(KEEP);
      assert.equal((await saved(test, rest)).files, files);
    }
  });

  it('goes when the device is muted, and none is kept while it is', async (test) => {
    const { hear, reload, ...rest } = bench(test, KEEP_NONE);
    await rest.device.start();
    await reload(KEEP);
    await settled();
    hear();
    rest.device.app.toggleMute();
    hear();
    assert.equal((await saved(test, rest)).files, 0);
    rest.device.app.toggleMute();
    await settled();
    assert.equal((await saved(test, rest)).files, 0);
    hear();
    assert.equal((await saved(test, rest)).files, 1);
  });
});

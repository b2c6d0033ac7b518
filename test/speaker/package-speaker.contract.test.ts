import assert from 'node:assert/strict';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { queryObjects } from 'node:v8';
import { pino } from 'pino';
import { systemClock } from '../../src/clock.js';
import { bytesOf, bytesOfMs, type PcmFormat, SPEECH_FORMAT } from '../../src/pcm/format.js';
import { AutoSpeaker } from '../../src/speaker/auto-speaker.js';
import { PackageSpeaker } from '../../src/speaker/package-speaker.js';
import { PlayerChild } from '../../src/speaker/player-child.js';
import type { Speaker } from '../../src/speaker/speaker.js';
import { align } from '../helpers/correlate.js';
import { pssMb } from '../helpers/memory.js';
import { untilHolds } from '../helpers/process-tree.js';
import { outputOf } from '../helpers/processes.js';
import { sharedSound } from '../helpers/shared-sound.js';
import { whiteNoise } from '../helpers/synthetic-speech.js';
import { childrenNamed, isAlive } from '../pcm/child-processes.js';
import { heldBy, replaceProc } from '../pcm/fake-proc.js';
import { Told } from './support.js';

const CHILD = 'package-child';
const REPLIES = 8;
/** A reply of this test is 15 writes; the child is worn after the second one. */
const REPLY_MS = 300;
const WRITES_A_LIFE = 25;

const CLEARED_SOUNDS = 200;
const FOLLOWERS = 6;

/** Half as many again as a child lives for, of 181 writes each. */
const ROUNDS_LIMIT = 250;
const WARM_ROUNDS = 5;

/** ALSA with one device and no default, as on a machine without a sound card. */
const NO_DEFAULT_CONF = 'pcm.null { type null }\n';

const WITH_DEFAULT_CONF = `pcm.!default { type null }\n${NO_DEFAULT_CONF}`;

const common = { clock: systemClock, log: pino({ level: 'silent' }) };
const { sound, skip } = sharedSound('aplay');

/** Runs a speaker until the test is over. */
function run(test: TestContext, speaker: Speaker) {
  const told = new Told();
  const abort = new AbortController();
  const running = speaker.run(told, abort.signal);
  const stop = async () => {
    abort.abort();
    await running;
  };
  test.after(stop);
  return { told, stop };
}

async function start(test: TestContext, writesALife: number) {
  const speaker = new PackageSpeaker({ device: '', ...common, writesALife });
  const { told, stop } = run(test, speaker);
  await told.until('ready', 0);
  return { speaker, told, stop };
}

/** A configuration of ALSA that the test may change at any time; it has a default at first. */
async function ownAlsa(test: TestContext): Promise<{ put: (content: string) => Promise<void> }> {
  const { ALSA_CONFIG_PATH } = process.env;
  const folder = await mkdtemp(join(tmpdir(), 'tars-alsa-'));
  const path = join(folder, 'asound.conf');
  test.after(async () => {
    process.env.ALSA_CONFIG_PATH = ALSA_CONFIG_PATH;
    await rm(folder, { recursive: true, force: true });
  });
  process.env.ALSA_CONFIG_PATH = path;
  const put = async (content: string) => {
    // ALSA takes a file of the same second for the one it has read, unless it is another file.
    await writeFile(`${path}.new`, content);
    await rename(`${path}.new`, path);
  };
  await put(WITH_DEFAULT_CONF);
  return { put };
}

const until = (holds: () => boolean, what: string) => untilHolds(holds, 5_000, () => what);

/** The next sound is played to its end, and the loudspeaker was never lost. */
async function stillPlays(speaker: Speaker, told: Told): Promise<void> {
  const next = speaker.open(SPEECH_FORMAT);
  next.write(new Uint8Array(bytesOfMs(SPEECH_FORMAT, REPLY_MS)));
  await next.drain();
  assert.equal(told.happenings.length, 1, JSON.stringify(told.happenings));
}

describe('the child of the speaker package', { skip }, () => {
  it('is replaced between two sounds, and nobody hears or sees it', async (test) => {
    const { speaker, told, stop } = await start(test, WRITES_A_LIFE);
    const pids = new Set<number>();
    const firstMs: number[] = [];
    for (let round = 0; round < REPLIES; round++) {
      const fromMs = performance.now();
      const words = whiteNoise(REPLY_MS, -20, round + 1);
      for (const pid of childrenNamed(CHILD)) pids.add(pid);
      const playback = speaker.open(SPEECH_FORMAT);
      playback.write(bytesOf(words));
      await playback.drain();
      await sound.speaker.untilSilent(fromMs, 250, 5_000);
      firstMs.push(Math.round((sound.speaker.firstSoundMs(fromMs - 25) ?? Number.NaN) - fromMs));
      const { missing, doubled, damaged } = align(words, sound.speaker.recording(fromMs - 25));
      assert.deepEqual({ missing, doubled, damaged }, { missing: 0, doubled: 0, damaged: 0 });
    }
    test.diagnostic(`${pids.size} children; each sound began after ${firstMs.join(', ')} ms`);
    assert.ok(pids.size >= 3, `${pids.size} children`);
    // Were they to wait for a child, three would; the machine may be busy once.
    assert.ok(firstMs.filter((ms) => ms >= 150).length <= 1, 'sounds waited for a child');
    assert.deepEqual(
      told.happenings.map(({ event }) => event),
      ['ready'],
    );
    await stop();
    assert.deepEqual([...pids].filter(isAlive), []);
    assert.deepEqual(childrenNamed(CHILD), []);
  });

  it('that is slow to be silent costs nothing of the next sound, which its successor plays', async (test) => {
    const { speaker, told } = await start(test, WRITES_A_LIFE);
    const fromMs = performance.now();
    const first = speaker.open(SPEECH_FORMAT);
    first.write(bytesOf(whiteNoise(2_000, -20)));
    await sound.speaker.untilSound(fromMs, 5_000);
    const words = whiteNoise(REPLY_MS, -20, 2);
    for (const pid of childrenNamed(CHILD)) process.kill(pid, 'SIGSTOP');
    const nextMs = performance.now();
    const next = speaker.open(SPEECH_FORMAT);
    next.write(bytesOf(words));
    await next.drain();
    await sound.speaker.untilSilent(nextMs, 250, 5_000);
    const { missing, doubled, damaged } = align(words, sound.speaker.recording(nextMs));
    assert.deepEqual({ missing, doubled, damaged }, { missing: 0, doubled: 0, damaged: 0 });
    assert.equal(told.happenings.length, 1, JSON.stringify(told.happenings));
  });

  it('is forgotten when it was replaced, however many follow it', async (test) => {
    const { speaker } = await start(test, WRITES_A_LIFE);
    const pids = new Set<number>();
    const sound = new Uint8Array(bytesOfMs(SPEECH_FORMAT, REPLY_MS));
    for (let round = 0; round < 4 * REPLIES && pids.size < FOLLOWERS; round++) {
      const playback = speaker.open(SPEECH_FORMAT);
      playback.write(sound);
      await playback.drain();
      for (const pid of childrenNamed(CHILD)) pids.add(pid);
    }
    assert.ok(pids.size >= FOLLOWERS, `${pids.size} children`);
    // The first, the last and one that is about to follow it.
    const remembered = Number(queryObjects(PlayerChild));
    assert.ok(remembered <= 3, `${remembered} of ${pids.size} children are remembered`);
  });

  it('lives on when sounds are cleared as soon as they are opened', async (test) => {
    const { speaker, told } = await start(test, 30_000);
    const [pid] = childrenNamed(CHILD);
    // All of its threads on one processor: none gets ahead of what the child is told next.
    await outputOf('taskset', ['--all-tasks', '--cpu-list', '--pid', '0', `${pid}`], process.env);
    const silence = new Uint8Array(bytesOfMs(SPEECH_FORMAT, 40));
    for (let round = 0; round < CLEARED_SOUNDS; round++) {
      const playback = speaker.open(SPEECH_FORMAT);
      // Its first sound may still be on its way.
      if (round % 2 === 0) playback.write(silence);
      // At another moment of the opening each time, at once too.
      if (round % 3 > 0) await new Promise((resolve) => setTimeout(resolve, round % 3));
      await playback.clear();
    }
    assert.deepEqual(
      told.happenings.map(({ event, why }) => [event, why]),
      [['ready', '']],
    );
  });

  it('is replaced when it is stopped while nothing plays', async (test) => {
    const { told } = await start(test, WRITES_A_LIFE);
    const fromMs = performance.now();
    for (const pid of childrenNamed(CHILD)) process.kill(pid, 'SIGSTOP');
    const { why } = await told.until('lost', fromMs, 6_000);
    assert.match(why, /no sign of life/);
    await told.until('ready', fromMs, 3_000);
  });

  it('is replaced before it has leaked 20 MB', async (test) => {
    const speaker = new PackageSpeaker({ device: 'null', ...common });
    await run(test, speaker).told.until('ready', 0);
    const [child = 0] = childrenNamed(CHILD);
    // A device that swallows everything, and a rate at which little time has many writes.
    const format: PcmFormat = { rateHz: 192_000, bits: 16, channels: 1 };
    const piece = new Uint8Array(bytesOfMs(format, REPLY_MS));
    let leanMb = Number.POSITIVE_INFINITY;
    let fatMb = 0;
    for (let round = 0; isAlive(child) && round < ROUNDS_LIMIT; round++) {
      if (round >= WARM_ROUNDS) {
        leanMb = Math.min(leanMb, pssMb(child));
        fatMb = Math.max(fatMb, pssMb(child));
      }
      const playback = speaker.open(format);
      playback.write(piece);
      await playback.drain();
    }
    test.diagnostic(`${leanMb.toFixed(1)} to ${fatMb.toFixed(1)} MB`);
    assert.ok(!isAlive(child), 'it was not replaced');
    assert.ok(fatMb - leanMb < 20, `it grew by ${fatMb - leanMb} MB`);
  });

  it('that is worn on a device that only one program may open is replaced when it has closed it', async (test) => {
    const alsa = await ownAlsa(test);
    const speaker = new PackageSpeaker({ device: 'null', ...common, writesALife: WRITES_A_LIFE });
    const { told } = run(test, speaker);
    await told.until('ready', 0);
    const [worn] = childrenNamed(CHILD);
    const playback = speaker.open(SPEECH_FORMAT);
    await alsa.put(NO_DEFAULT_CONF);
    playback.write(new Uint8Array(bytesOfMs(SPEECH_FORMAT, 5 * REPLY_MS)));
    await until(() => childrenNamed(CHILD).length > 1, 'a successor');
    await until(() => childrenNamed(CHILD).length === 1, 'its end');
    await alsa.put(WITH_DEFAULT_CONF);
    await playback.drain();
    await until(() => childrenNamed(CHILD).every((pid) => pid !== worn), 'the end of the worn child');
    await stillPlays(speaker, told);
  });

  it('that is worn and whose successor is refused all the same plays on', async (test) => {
    const alsa = await ownAlsa(test);
    const lines: string[] = [];
    const log = pino({ level: 'debug' }, { write: (line: string) => void lines.push(line) });
    const speaker = new PackageSpeaker({ device: 'null', clock: systemClock, log, writesALife: WRITES_A_LIFE });
    const { told } = run(test, speaker);
    await told.until('ready', 0);
    const worn = childrenNamed(CHILD);
    await alsa.put(NO_DEFAULT_CONF);
    const playback = speaker.open(SPEECH_FORMAT);
    playback.write(new Uint8Array(bytesOfMs(SPEECH_FORMAT, 2 * REPLY_MS)));
    await playback.drain();
    const isEnd = (line: string) => line.includes('"msg":"speaker is gone"');
    await until(() => lines.filter(isEnd).length === 2, 'the ends of two successors');
    assert.deepEqual(childrenNamed(CHILD), worn);
    await stillPlays(speaker, told);
  });

  it('is lost with its reason when its device cannot be opened any more, and back when it can', async (test) => {
    const alsa = await ownAlsa(test);
    const speaker = new PackageSpeaker({ device: '', ...common });
    const { told } = run(test, speaker);
    await told.until('ready', 0);
    const putBack = replaceProc({
      'asound/card1/id': 'Device\n',
      'asound/card1/pcm0p/sub0/status': heldBy(812),
      '812/comm': 'mpd\n',
    });
    await alsa.put('# no device\n');
    await assert.rejects(speaker.open(SPEECH_FORMAT).drain(), /Failed to open output device/);
    const first = await told.until('lost', 0);
    assert.match(first.why, /Failed to open output device; in use: Device by mpd \(pid 812\)$/);
    putBack();
    const second = await told.until('lost', first.atMs + 1);
    assert.match(second.why, /"default" no longer opens: another program holds it/);
    await alsa.put(WITH_DEFAULT_CONF);
    await told.until('ready', second.atMs, 3_000);
    await speaker.open(SPEECH_FORMAT).drain();
  });

  it('is lost where the package does not load and nobody takes its place, and there when it loads', async (test) => {
    const folder = await mkdtemp(join(tmpdir(), 'tars-load-'));
    const { NODE_OPTIONS = '' } = process.env;
    const load = () => {
      process.env.NODE_OPTIONS = NODE_OPTIONS;
    };
    test.after(async () => {
      load();
      await rm(folder, { recursive: true });
    });
    await writeFile(
      join(folder, 'refuse.cjs'),
      'console.error("speaker does not load: no such package"); process.exit(69);',
    );
    process.env.NODE_OPTIONS = `--require=${join(folder, 'refuse.cjs')}`;
    const { told } = run(test, new PackageSpeaker({ device: '', ...common }));
    const { why, atMs } = await told.until('lost', 0);
    assert.match(why, /speaker does not load/);
    load();
    await told.until('ready', atMs, 3_000);
  });

  it('gives way to aplay where the default stays away, not where it is held for a moment', async (test) => {
    const alsa = await ownAlsa(test);
    const auto = new AutoSpeaker({ device: 'null', ...common });
    const { told } = run(test, auto);
    await told.until('ready', 0);
    const loseDefault = async () => {
      // A child that lived for less than half a second is followed by the next one more slowly.
      const playback = auto.open(SPEECH_FORMAT);
      playback.write(new Uint8Array(bytesOfMs(SPEECH_FORMAT, 1_000)));
      await playback.drain();
      const fromMs = performance.now();
      await alsa.put(NO_DEFAULT_CONF);
      for (const pid of childrenNamed(CHILD)) process.kill(pid, 'SIGKILL');
      const killed = await told.until('lost', fromMs);
      return told.until('lost', killed.atMs + 1);
    };
    const { why, atMs } = await loseDefault();
    assert.match(why, /no longer opens/);
    await alsa.put(WITH_DEFAULT_CONF);
    await told.until('ready', atMs, 3_000);
    assert.equal(auto.backend, 'speaker');
    await told.until('ready', (await loseDefault()).atMs);
    assert.equal(auto.backend, 'aplay');
  });

  it('says what is missing where nothing can be opened by default, and leaves other devices to aplay', async (test) => {
    await (await ownAlsa(test)).put(NO_DEFAULT_CONF);
    const { told } = run(test, new PackageSpeaker({ device: '', ...common }));
    const { why } = await told.until('lost', 0);
    assert.match(why, /no loudspeaker that ALSA's "default" can open: .*speaker\.backend = "aplay"/);
    const auto = new AutoSpeaker({ device: 'null', ...common });
    await run(test, auto).told.until('ready', 0);
    assert.equal(auto.backend, 'aplay');
  });
});

import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { pino } from 'pino';
import { PcmChild } from '../../src/pcm/child.js';
import { SPEECH_FORMAT } from '../../src/pcm/format.js';
import { PlayerChild } from '../../src/speaker/player-child.js';
import { FakeClock } from '../link/support.js';

const LIMIT_MS = 40;

/** Plays nothing, and answers as the child does, or not; a file says that it has. */
const script = (answer: string) => `
  process.on('disconnect', () => process.exit());
  process.on('message', ({ type, id }) => {
    if (type !== 'clear') return;
    ${answer}
    require('node:fs').writeFileSync(process.argv[1], '');
  });
  process.stdin.resume();
  process.send({ type: 'loaded' });
`;

/** A loaded child in the middle of a sound, on a clock of the test. */
async function playing(t: TestContext, answer: string) {
  const folder = mkdtempSync(join(tmpdir(), 'tars-player-'));
  const answered = join(folder, 'answered');
  const clock = new FakeClock();
  const spec = { name: 'speaker', command: process.execPath, args: ['-e', script(answer), answered], remedy: '' };
  const child = new PcmChild({ ...spec, pcm: 'stdin', messages: true }, pino({ level: 'silent' }));
  t.after(async () => {
    await child.kill();
    rmSync(folder, { recursive: true });
  });
  const player = new PlayerChild(child, clock);
  await player.loaded;
  const slow: number[] = [];
  player.onSlow = () => slow.push(clock.nowMs());
  const playback = player.open(SPEECH_FORMAT);
  playback.write(new Uint8Array(640));
  /** Keeps this process from reading anything until the child has answered. */
  const standStill = () => {
    while (!existsSync(answered));
  };
  return { clock, child, player, slow, playback, standStill };
}

describe('a player child that is to be silent', () => {
  it('is not put down for an answer that waited for this process', async (t) => {
    const { clock, child, slow, playback, standStill } = await playing(t, `process.send({ type: 'cleared', id });`);
    const cleared = playback.clear();
    standStill();
    clock.block(10 * LIMIT_MS);
    await cleared;
    assert.deepEqual(slow, []);
    assert.equal(child.isGone, false);
  });

  it('is ended where it has not answered in time', async (t) => {
    const { clock, child, slow, playback, standStill } = await playing(t, '');
    const cleared = playback.clear();
    standStill();
    clock.advance(LIMIT_MS - 1);
    assert.deepEqual(slow, []);
    clock.advance(1);
    await cleared;
    assert.deepEqual(slow, [LIMIT_MS]);
    assert.equal(child.isGone, true);
  });

  it('is idle when it is silent, not before', async (t) => {
    const { player, playback } = await playing(t, `process.send({ type: 'cleared', id });`);
    const cleared = playback.clear();
    assert.equal(player.isIdle, false);
    await player.untilIdle();
    assert.equal(player.isIdle, true);
    await cleared;
  });
});

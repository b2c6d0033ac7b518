import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { describe, it, type TestContext } from 'node:test';
import { pino } from 'pino';
import { systemClock } from '../../src/clock.js';
import { AudioError } from '../../src/errors.js';
import { SPEECH_FORMAT } from '../../src/pcm/format.js';
import { CommandSpeaker } from '../../src/speaker/command-speaker.js';
import { takeDescriptors } from '../pcm/descriptors.js';
import { Told } from './support.js';

/** Plays nothing: a program's exit after `script` is its word; ends well without sound, as all players do. */
async function running(t: TestContext, script: string) {
  const told = new Told();
  const abort = new AbortController();
  const args = ['-c', `read -r first || exit 0; ${script}`];
  const speaker = new CommandSpeaker({
    backend: { name: 'player', spec: () => ({ name: 'player', command: '/bin/sh', args, pcm: 'stdin', remedy: '' }) },
    device: '',
    clock: systemClock,
    log: pino({ level: 'silent' }),
  });
  const over = speaker.run(told, abort.signal);
  t.after(async () => {
    abort.abort();
    await over;
  });
  await told.until('ready', 0);
  return { speaker, told, signal: abort.signal };
}

const sound = Buffer.from('sound\n'.repeat(100));

describe('a player program', () => {
  it('leaves nothing of a life that is over', async (t) => {
    const { speaker, told, signal } = await running(t, 'exit 1');
    const before = getEventListeners(signal, 'abort').length;
    for (let round = 0; round < 3; round++) {
      const fromMs = performance.now();
      speaker.open(SPEECH_FORMAT).write(sound);
      await told.until('lost', fromMs);
      await told.until('ready', fromMs);
    }
    assert.equal(getEventListeners(signal, 'abort').length, before);
  });

  it('that exits well before the end of the sound has not played it', async (t) => {
    const { speaker, told } = await running(t, 'exit 0');
    const playback = speaker.open(SPEECH_FORMAT);
    playback.write(sound);
    const { why } = await told.until('lost', 0);
    assert.equal(why, 'player ended with code 0');
    await assert.rejects(playback.drain(), AudioError);
  });

  it('that there is no file descriptor for is a lost loudspeaker, which plays again when there are some', async (t) => {
    const { speaker, told } = await running(t, 'exec cat > /dev/null');
    const give = takeDescriptors(t);
    const playback = speaker.open(SPEECH_FORMAT);
    playback.write(sound);
    const { why, atMs } = await told.until('lost', 0);
    assert.match(why, /^player did not start: .*EMFILE/);
    await assert.rejects(playback.drain(), AudioError);
    await playback.clear();
    give();
    await told.until('ready', atMs);
    const next = speaker.open(SPEECH_FORMAT);
    next.write(sound);
    await next.drain();
  });
});

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { describe, it } from 'node:test';
import { align } from '../helpers/correlate.js';
import type { Device } from '../helpers/device.js';
import { answer } from '../helpers/gemitars-scripts.js';
import { endProcess } from '../helpers/processes.js';
import { furnish, type Room, utter } from '../helpers/room.js';
import { concat, say, silence } from '../helpers/speech.js';
import type { VirtualSound } from '../helpers/virtual-sound.js';

const LONG =
  'The history of the lighthouse begins in Alexandria, where a tower stood at the entrance of the harbour. ' +
  'At night a fire burned at its top, and ships saw it from thirty miles away.';

async function ask({ sound, server }: Room): Promise<void> {
  await sound.speak((await utter('tell me about lighthouses')).sound);
  await server.next('hotword_detected');
}

describe('barge-in by hotword', () => {
  it('at every tenth of a reply: silence, one completion, and what the person says reaches the server whole', async (test) => {
    const room = await furnish(test, { flags: ['--cues.enabled=false'] });
    const { sound, server, device } = room;
    const reply = await say(LONG, 'awb');
    const lengthMs = reply.length / 16;
    const { sound: words, hotwordEnd } = await utter('stop that and turn on the lights', 'rms');
    for (let tenth = 1; tenth <= 7; tenth++) {
      await ask(room);
      const completed = server.all('playback_complete').length;
      device.mark();
      await server.reply(reply, { speed: 10 });
      const started = await device.waitFor('reply.started');
      const dueMs = started.atMs + (lengthMs * tenth) / 10 - hotwordEnd / 16;
      await sound.speaker.until(() => sound.speaker.endMs >= dueMs, lengthMs + 2_000);
      await sound.speak(words);
      const detected = await device.waitFor('hotword.detected', { timeoutMs: 3_000 });
      await server.next('playback_complete', 1_000);
      const heard = align(words.subarray(hotwordEnd), server.audio());
      assert.deepEqual([heard.missing, heard.doubled, heard.damaged], [0, 0, 0], `tenth ${tenth}: the person's words`);
      const lastMs = sound.speaker.lastSoundMs(detected.atMs - 200) ?? detected.atMs;
      assert.ok(lastMs - detected.atMs <= 75, `tenth ${tenth}: sound ${lastMs - detected.atMs} ms after the hotword`);
      assert.equal(device.state, 'activeSession.userTurn');
      await answer(server, await say('All right.'), { speed: 3 });
      assert.equal(server.all('playback_complete').length, completed + 2);
      await server.endSession();
      await device.waitForState('listening');
    }
  });
});

/** The same with more phrases, rooms and repetitions, at the speed of the processor: test/hotword/echo-guard.contract.test.ts. */
describe('echo: the microphone hears the loudspeaker at -10 dB', () => {
  it('a reply that says the hotword does not interrupt itself, 12 times', async (test) => {
    const room = await furnish(test, { flags: ['--cues.enabled=false'] });
    const { sound, server, device } = room;
    const echo = await echoOf(sound);
    test.after(() => endProcess(echo));
    // The engine is armed one second into the reply; only then does the reply say it.
    const replies = await Promise.all(
      (['slt', 'rms', 'awb'] as const).map(async (voice) =>
        concat(await say('To interrupt me you may say', voice), silence(100), await say('hey tars', voice)),
      ),
    );
    await ask(room);
    for (let round = 0; round < 12; round++) {
      device.mark();
      const { playbackComplete } = await answer(server, replies[round % replies.length] ?? silence(0), { speed: 5 });
      assert.ok(playbackComplete);
      await device.waitForState('activeSession.userTurn');
    }
    const woken = device.all('hotword.detected').length;
    assert.equal(woken, 1, 'only the person woke it');
    assert.equal(device.all('reply.completed').length, 12);
  });
});

describe('mute', () => {
  it('ends the capture process, forgets what was heard, and listens again when unmuted', async (test) => {
    const { sound, server, device } = await furnish(test);
    device.signal('SIGURG');
    await device.waitFor('state.changed', { where: ({ to }) => to === 'idle' });
    await untilGone(device, 'naudiodon-child');
    const { sound: words, hotwordEnd } = await utter('nobody shall hear this');
    await sound.speak(words);
    assert.equal(device.all('hotword.detected').length, 0);
    device.signal('SIGURG');
    await device.waitForState('listening');
    const again = await utter('but this');
    await sound.speak(again.sound);
    await server.next('hotword_detected');
    await answer(server, await say('I heard that.'), { speed: 3 });
    const secret = align(words.subarray(hotwordEnd), server.audio());
    assert.ok(secret.correlation < 0.5);
    assert.equal(server.strayBlocks().length, 0);
  });
});

/** Mixes the loudspeaker into the microphone at -10 dB, with the delay of a room and a sound server. */
async function echoOf(sound: VirtualSound): Promise<ChildProcess> {
  const script =
    'parec --raw -d spk.monitor --rate=16000 --channels=1 --format=s16le --latency-msec=20 | ' +
    'pacat --playback --raw -d mic --rate=16000 --channels=1 --format=s16le --latency-msec=40 --volume=44000';
  const child = spawn('sh', ['-c', `exec setsid -w sh -c '${script}'`], { env: sound.env, stdio: 'ignore' });
  await new Promise((resolve) => child.once('spawn', resolve));
  return child;
}

async function untilGone(device: Device, command: string): Promise<void> {
  const isThere = () => device.children().some((child) => child.command.includes(command));
  const deadlineMs = performance.now() + 2_000;
  while (isThere()) {
    assert.ok(performance.now() < deadlineMs, `${command} is still there`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

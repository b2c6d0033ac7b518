import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { find } from '../helpers/correlate.js';
import { addEcho } from '../helpers/echo.js';
import { answer } from '../helpers/gemitars-scripts.js';
import { outputOf } from '../helpers/processes.js';
import { furnish, utter } from '../helpers/room.js';
import { concat, msOfSamples, samplesOfMs, say, silence } from '../helpers/speech.js';
import type { VirtualSound } from '../helpers/virtual-sound.js';

const LONG =
  'The history of the lighthouse begins in Alexandria, where a tower stood at the entrance of the harbour. ' +
  'At night a fire burned at its top, and ships saw it from thirty miles away.';
const ROUNDS = 3;

/** The README's recipe. The masters are named because a virtual machine has several devices. */
async function cancelEcho({ env }: VirtualSound): Promise<void> {
  const settings = 'aec_args="analog_gain_control=0 digital_gain_control=0 extended_filter=1"';
  const names = ['source_name=clean', 'sink_name=out', 'source_master=mic.monitor', 'sink_master=spk'];
  await outputOf('pactl', ['load-module', 'module-echo-cancel', 'aec_method=webrtc', settings, ...names], env);
}

/**
 * What the canceller makes of virtual sound depends on how evenly the machine runs: where all cores are busy, the virtual
 * room's delay moves and nothing is cancelled. So this is a measurement for a quiet machine, and no test of every build.
 */
describe("barge-in by speech with PulseAudio's echo canceller, the loudspeaker at -10 dB in the microphone", () => {
  it('a reply does not interrupt itself, a person does, and their words arrive from their beginning', async (test) => {
    const devices = ['--mic.backend=parecord', '--mic.device=clean', '--speaker.backend=pacat', '--speaker.device=out'];
    const flags = [...devices, '--session.barge_in=speech', '--cues.enabled=false'];
    const room = await furnish(test, { flags, prepare: cancelEcho });
    const { sound, server, device } = room;
    await addEcho(sound);
    await sound.speak((await utter('tell me about lighthouses')).sound);
    await server.next('hotword_detected');
    const reply = await say(LONG, 'awb');
    const interruptions = () => device.all('state.changed').filter(({ why }) => why === 'person.interrupted');

    for (let round = 0; round < 2; round++) await answer(server, reply, { speed: 10 });
    assert.equal(interruptions().length, 0, 'the reply interrupted itself');

    const words = await say('stop that and turn on the lights', 'rms');
    for (let round = 1; round <= ROUNDS; round++) {
      const from = server.audio().length;
      await device.waitForState('activeSession.userTurn');
      const begunMs = performance.now();
      await server.reply(reply, { speed: 10 });
      await sound.speaker.until(() => sound.speaker.endMs >= begunMs + 3_000, 5_000);
      const spoken = await sound.speak(concat(words, silence(500)));
      await server.next('playback_complete', 1_000);
      const afterMs = Math.round((interruptions().at(-1)?.atMs ?? Number.NaN) - spoken.startedAtMs);
      assert.equal(interruptions().length, round, 'one interruption for each time somebody spoke');
      const silentAfterMs = Math.round(
        (sound.speaker.lastSoundMs(spoken.startedAtMs) ?? Number.NaN) - spoken.startedAtMs,
      );
      const heard = server.audio().subarray(from);
      // An echo canceller changes a voice, and more so while the reply is heard too: alike is less than the same.
      const whole = find(words, heard);
      const beginning = find(words.subarray(0, samplesOfMs(300)), heard);
      const apartMs = msOfSamples(beginning.offset - whole.offset);
      test.diagnostic(
        `interrupted ${afterMs} ms after the first word, silent after ${silentAfterMs} ms; alike: the beginning ` +
          `${beginning.correlation.toFixed(2)}, the whole ${whole.correlation.toFixed(2)}, ${apartMs} ms apart`,
      );
      assert.ok(afterMs > 0 && silentAfterMs < msOfSamples(words.length), `silent after ${silentAfterMs} ms`);
      assert.ok(whole.correlation > 0.5 && Math.abs(apartMs) < 20, 'the words are there from their beginning');
    }
  });
});

import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { rmsDb } from '../../src/pcm/level.js';
import { find } from './correlate.js';
import { addEcho } from './echo.js';
import { answer } from './gemitars-scripts.js';
import { outputOf } from './processes.js';
import { furnish, utter } from './room.js';
import { concat, msOfSamples, samplesOfMs, say, silence } from './speech.js';
import type { VirtualSound } from './virtual-sound.js';

const LONG =
  'The history of the lighthouse begins in Alexandria, where a tower stood at the entrance of the harbour. ' +
  'At night a fire burned at its top, and ships saw it from thirty miles away.';
/** Of the person's words; the first of them, "stop", lasts a little longer. */
const BEGINNING_MS = 300;
/** A canceller softens the first word that it hears beside a reply: by 4 to 10 dB where this was measured. */
const SOFTENED_DB = 25;

/** How often each thing is tried by `bargeInBySpeech`. */
export interface SpeechBargeIn {
  /** What a reply says that plays alone. @default two sentences of 10 s */
  alone?: string;
  /** Replies that play alone. */
  replies: number;
  /** Replies that a person interrupts. */
  interruptions: number;
}

/** What was measured of the interruptions, one value each. */
export interface BargeInFigures {
  /** From the first word to the last sample of the reply, in ms. */
  silentAfterMs: number[];
  /** Correlation of what the server heard with what was said. */
  alike: number[];
  /** How much softer the first 0.3 s came, in dB. */
  softenedDb: number[];
}

/** The README's recipe. The masters are named because a virtual machine has several devices. */
async function cancelEcho({ env }: VirtualSound): Promise<void> {
  const settings = 'aec_args="analog_gain_control=0 digital_gain_control=0 extended_filter=1"';
  const format = ['rate=16000', 'channels=1', 'adjust_time=0'];
  const names = ['source_name=clean', 'sink_name=out', 'source_master=mic.monitor', 'sink_master=spk'];
  await outputOf(
    'pactl',
    ['load-module', 'module-echo-cancel', 'aec_method=webrtc', settings, ...format, ...names],
    env,
  );
}

/**
 * With PulseAudio's echo canceller and the loudspeaker at -10 dB in the microphone: replies that play alone do not interrupt
 * themselves, a person who speaks into one does, within a second at the median and always before they end, and their words reach the server from the first on.
 */
export async function bargeInBySpeech(
  test: TestContext,
  { alone = LONG, ...times }: SpeechBargeIn,
): Promise<BargeInFigures> {
  const figures: BargeInFigures = { silentAfterMs: [], alike: [], softenedDb: [] };
  const devices = ['--mic.backend=parecord', '--mic.device=clean', '--speaker.backend=pacat', '--speaker.device=out'];
  const flags = [...devices, '--session.barge_in=speech', '--cues.enabled=false'];
  const room = await furnish(test, { flags, prepare: cancelEcho });
  const { sound, server, device } = room;
  await addEcho(sound);
  await sound.speak((await utter('tell me about lighthouses')).sound);
  await server.next('hotword_detected');
  const interruptions = () => device.all('state.changed').filter(({ why }) => why === 'person.interrupted');

  const lonely = await say(alone, 'awb');
  for (let round = 0; round < times.replies; round++) await answer(server, lonely, { speed: 10 });
  assert.equal(interruptions().length, 0, 'a reply interrupted itself');

  const reply = await say(LONG, 'awb');
  const words = await say('stop that and turn on the lights', 'rms');
  const beginningDb = rmsDb(words.subarray(0, samplesOfMs(BEGINNING_MS)));
  for (let round = 1; round <= times.interruptions; round++) {
    await device.waitForState('activeSession.userTurn');
    const from = server.audio().length;
    device.mark();
    await server.reply(reply, { speed: 10 });
    const started = await device.waitFor('reply.started');
    await sound.speaker.until(() => sound.speaker.endMs >= started.atMs + 1_500, 5_000);
    const spoken = await sound.speak(concat(words, silence(500)));
    await server.next('playback_complete', 1_000);
    assert.equal(interruptions().length, round, 'one interruption for each time somebody spoke');
    const silentAfterMs = Math.round(
      (sound.speaker.lastSoundMs(spoken.startedAtMs) ?? Number.NaN) - spoken.startedAtMs,
    );
    const heard = server.audio().subarray(from);
    const whole = find(words, heard);
    const softenedDb = beginningDb - rmsDb(heard.subarray(whole.offset, whole.offset + samplesOfMs(BEGINNING_MS)));
    test.diagnostic(
      `silent ${silentAfterMs} ms after the first word; the words arrived ${whole.correlation.toFixed(2)} alike, ` +
        `${Math.round(msOfSamples(whole.offset))} ms into what was sent, their beginning softer by ${softenedDb.toFixed(1)} dB`,
    );
    figures.silentAfterMs.push(silentAfterMs);
    figures.alike.push(whole.correlation);
    figures.softenedDb.push(softenedDb);
    assert.ok(silentAfterMs > 0 && silentAfterMs < msOfSamples(words.length), `silent after ${silentAfterMs} ms`);
    assert.ok(whole.correlation > 0.5, `the words arrived ${whole.correlation} alike`);
    assert.ok(softenedDb < SOFTENED_DB, `the first word is softer by ${softenedDb} dB`);
  }
  return figures;
}

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { align } from '../helpers/correlate.js';
import { answer } from '../helpers/gemitars-scripts.js';
import { furnish, type Room, utter } from '../helpers/room.js';
import { say, type Voice } from '../helpers/speech.js';

const CONVERSATIONS = 20;
const PRE_ROLL_SAMPLES = 8_000;
const VOICES: readonly Voice[] = ['slt', 'rms'];
const WISHES = [
  'what is the weather like today',
  'turn on the lights in the kitchen',
  'how far is the moon from the earth',
  'set a timer for seven minutes please',
];
const REPLIES = [
  'It is sunny, and it will stay so until the evening.',
  'Done.',
  'About three hundred and eighty four thousand kilometres, give or take a few thousand, depending on the day.',
  'Seven minutes, starting now.',
];

it(`${CONVERSATIONS} conversations in a row, two voices: every sample there and back, one completion each`, async (test) => {
  const room = await furnish(test);
  const firstBytesMs: number[] = [];
  const completionsMs: number[] = [];
  for (let round = 0; round < CONVERSATIONS; round++) {
    const voice = VOICES[round % VOICES.length] ?? 'slt';
    const figures = await converse(room, round, voice);
    firstBytesMs.push(figures.firstByteMs);
    completionsMs.push(figures.completionMs);
  }
  assert.equal(room.server.all('playback_complete').length, CONVERSATIONS);
  assert.equal(room.server.all('hotword_detected').length, CONVERSATIONS);
  assert.equal(room.server.strayBlocks().length, 0, 'audio outside a conversation');
  assert.deepEqual(room.device.strayLines, []);
  test.diagnostic(`hotword.detected to first bytes at the server: median ${median(firstBytesMs).toFixed(1)} ms`);
  test.diagnostic(`last sample to playback_complete: median ${median(completionsMs).toFixed(1)} ms`);
  assert.ok(median(firstBytesMs) <= 10, `${median(firstBytesMs)} ms to the first bytes`);
});

async function converse({ sound, server, device }: Room, round: number, voice: Voice) {
  const name = `conversation ${round + 1}, ${voice}`;
  const { sound: words, hotwordEnd } = await utter(WISHES[round % WISHES.length] ?? '', voice);
  const reply = await say(REPLIES[round % REPLIES.length] ?? '', 'awb');
  device.mark();
  const spoken = await sound.speak(words);
  const detected = await device.waitFor('hotword.detected', { timeoutMs: 5_000 });
  await server.next('hotword_detected', 5_000);
  const sinceMs = performance.now();
  const turn = await answer(server, reply, { speed: 3 });
  await device.waitFor('reply.completed');
  const heard = server.audio();
  await server.endSession();
  await device.waitForState('listening');
  await sound.speaker.untilSilent(sinceMs, 200, 5_000);

  // There and back, each sound against itself.
  const after = align(words.subarray(hotwordEnd), heard);
  assert.ok(after.correlation >= 0.99, `${name}: what the server heard correlates ${after.correlation}`);
  assert.deepEqual([after.missing, after.doubled, after.damaged], [0, 0, 0], `${name}: what the server heard`);
  assert.ok(after.offset >= PRE_ROLL_SAMPLES, `${name}: ${after.offset} samples in front of the end of the hotword`);
  const before = align(words.subarray(hotwordEnd - PRE_ROLL_SAMPLES), heard);
  assert.deepEqual([before.missing, before.doubled, before.damaged], [0, 0, 0], `${name}: the pre-roll`);
  const played = align(reply, sound.speaker.recording(sinceMs));
  assert.ok(played.correlation >= 0.99, `${name}: the reply correlates ${played.correlation}`);
  assert.deepEqual([played.missing, played.doubled, played.damaged], [0, 0, 0], `${name}: the reply`);

  const lastSampleMs = sinceMs + (played.offset + reply.length) / 16;
  assert.ok(turn.playbackComplete.atMs >= lastSampleMs - 25, `${name}: complete before the last sample`);
  const firstBlock = server.blocks()[0];
  assert.ok(firstBlock);
  assert.ok(spoken.startedAtMs < detected.atMs);
  return { firstByteMs: firstBlock.atMs - detected.atMs, completionMs: turn.playbackComplete.atMs - lastSampleMs };
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

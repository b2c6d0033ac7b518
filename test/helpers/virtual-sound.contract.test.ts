import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { bytesOf, samplesOf } from '../../src/pcm/format.js';
import { writeWav } from '../../src/pcm/wav-writer.js';
import { align, find } from './correlate.js';
import { endProcess, exitOf, missingPrograms, startPiped } from './processes.js';
import { RATE_HZ } from './sound-tap.js';
import { concat, say, silence } from './speech.js';
import { SOUND_PROGRAMS, VirtualSound } from './virtual-sound.js';

const missing = missingPrograms([...SOUND_PROGRAMS, 'arecord', 'aplay', 'flite']);
const skip = missing.length > 0 && `needs ${missing.join(', ')}: run ./setup.sh --test`;

const sound = new VirtualSound();
const RAW = ['-q', '-f', 'S16_LE', '-r', `${RATE_HZ}`, '-c', '1', '-t', 'raw'];

before(async () => {
  if (!skip) await sound.start();
});
after(() => sound.close());

/** A recording by arecord from ALSA's default device, ended and returned by the function that it resolves with. */
async function startRecording(): Promise<() => Promise<Int16Array>> {
  const recorder = await startPiped('arecord', RAW, sound.env);
  const blocks: Buffer[] = [];
  await new Promise<void>((resolve) => {
    recorder.stdout.on('data', (block: Buffer) => {
      blocks.push(block);
      resolve();
    });
  });
  return async () => {
    await endProcess(recorder, 'SIGINT');
    return samplesOf(Buffer.concat(blocks));
  };
}

/** Plays by aplay on ALSA's default device. */
async function play(samples: Int16Array): Promise<void> {
  const player = await startPiped('aplay', RAW, sound.env);
  player.stdin.end(bytesOf(samples));
  await exitOf(player);
  assert.equal(player.exitCode, 0);
}

test('what is spoken reaches an ALSA capture sample by sample', { skip }, async () => {
  const speech = await say('hey tars, what is the time?');
  for (let round = 0; round < 3; round++) {
    const stop = await startRecording();
    await sound.speak(concat(speech, silence(300)));
    const { correlation, missing, doubled, damaged } = align(speech, await stop());
    assert.ok(correlation > 0.999_99, `correlation ${correlation}`);
    assert.deepEqual({ missing, doubled, damaged }, { missing: 0, doubled: 0, damaged: 0 });
  }
});

test('what ALSA plays is recorded sample by sample', { skip }, async () => {
  const speech = await say('this is the reply', 'rms');
  for (let round = 0; round < 3; round++) {
    const fromMs = performance.now();
    await play(speech);
    await sound.speaker.untilSilent(fromMs, 200, 5000);
    const { correlation, missing, doubled, damaged } = align(speech, sound.speaker.recording(fromMs));
    assert.ok(correlation > 0.999_99, `correlation ${correlation}`);
    assert.deepEqual({ missing, doubled, damaged }, { missing: 0, doubled: 0, damaged: 0 });
  }
});

test('the moments of speech are those of the wall clock', { skip }, async () => {
  const speech = await say('good morning');
  const askedAtMs = performance.now();
  const { startedAtMs, endedAtMs } = await sound.speak(speech);
  const nowMs = performance.now();
  assert.ok(startedAtMs >= askedAtMs - 25, `${askedAtMs - startedAtMs} ms before it was asked for`);
  assert.ok(endedAtMs <= nowMs, 'ended after it ended');
  assert.ok(nowMs - endedAtMs < 600, `speak() returned ${nowMs - endedAtMs} ms after the last sample`);
  assert.ok(Math.abs(endedAtMs - startedAtMs - (speech.length * 1000) / RATE_HZ) < 0.1);
  const heard = sound.microphone.recording(startedAtMs, endedAtMs);
  assert.deepEqual(heard, speech);
  assert.ok(Math.abs((sound.microphone.firstSoundMs(askedAtMs - 25) ?? 0) - startedAtMs) < 1);
});

test('a WAV file is spoken as it is', { skip }, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tars-wav-'));
  const path = join(folder, 'speech.wav');
  const speech = await say('from a file');
  await writeWav(path, speech, RATE_HZ);
  const { startedAtMs, endedAtMs } = await sound.speak(path);
  assert.deepEqual(sound.microphone.recording(startedAtMs, endedAtMs), speech);
  await rm(folder, { recursive: true });
});

test('the microphone does not hear the loudspeaker', { skip }, async () => {
  const fromMs = performance.now();
  await play(await say('silence over there'));
  assert.equal(sound.microphone.firstSoundMs(fromMs), undefined);
});

test('an unplugged microphone fails, cannot be opened, and is there again when plugged in', { skip }, async () => {
  const recorder = await startPiped('arecord', RAW, sound.env);
  await once(recorder.stdout, 'data');
  recorder.stdout.resume();
  await sound.unplug('mic');
  await exitOf(recorder);
  assert.notEqual(recorder.exitCode, 0);
  const second = await startPiped('arecord', RAW, sound.env);
  await exitOf(second);
  assert.notEqual(second.exitCode, 0, 'an unplugged microphone was opened');
  await sound.plug('mic');
  const stop = await startRecording();
  const speech = await say('back again');
  await sound.speak(concat(speech, silence(300)));
  assert.ok(find(speech, await stop()).correlation > 0.999);
});

test('an unplugged loudspeaker fails and is not heard in the microphone', { skip }, async () => {
  const fromMs = performance.now();
  const speech = await say('a reply that is cut off in the middle of its second sentence');
  const player = await startPiped('aplay', RAW, sound.env);
  player.stdin.end(bytesOf(speech));
  await sound.speaker.untilSound(fromMs, 5000);
  await sound.unplug('spk');
  await exitOf(player);
  await sound.plug('spk');
  const againMs = performance.now();
  await play(speech);
  await sound.speaker.untilSilent(againMs, 100, 5000);
  assert.ok(find(speech, sound.speaker.recording(againMs)).correlation > 0.999);
  assert.ok((sound.speaker.lastSoundMs(fromMs) ?? 0) > againMs);
  assert.equal(sound.microphone.firstSoundMs(fromMs), undefined);
});

test('a stalled microphone gives nothing and does not fail', { skip }, async () => {
  const recorder = await startPiped('arecord', RAW, sound.env);
  let bytes = 0;
  recorder.stdout.on('data', (block: Buffer) => {
    bytes += block.length;
  });
  await once(recorder.stdout, 'data');
  await sound.stall('mic');
  const before = bytes;
  const fromMs = performance.now();
  await sound.speaker.until(() => sound.speaker.endMs > fromMs + 500, 2000);
  // At most what was on its way.
  assert.ok(bytes - before <= 0.25 * RATE_HZ * 2, `${bytes - before} bytes came`);
  assert.equal(recorder.exitCode, null);
  await sound.resume('mic');
  await once(recorder.stdout, 'data');
  await endProcess(recorder, 'SIGINT');
});

test('a sound server that crashed comes back, and the recording goes on', { skip }, async () => {
  const fromMs = performance.now();
  const speech = await say('before and after');
  await play(speech);
  await sound.speaker.untilSilent(fromMs, 100, 5000);
  await sound.kill();
  const player = await startPiped('aplay', RAW, sound.env);
  player.stdin.end(bytesOf(speech));
  await exitOf(player);
  assert.notEqual(player.exitCode, 0, 'there is still something to play on');
  await sound.restart();
  const againMs = performance.now();
  await play(speech);
  await sound.speaker.untilSilent(againMs, 100, 5000);
  assert.ok(find(speech, sound.speaker.recording(fromMs, againMs)).correlation > 0.999);
  assert.ok(find(speech, sound.speaker.recording(againMs)).correlation > 0.999);
});

test('two sounds at a time do not hear each other', { skip }, async () => {
  await using other = new VirtualSound();
  await other.start();
  const fromMs = performance.now();
  await sound.speak(await say('only here'));
  assert.equal(other.microphone.firstSoundMs(fromMs), undefined);
});

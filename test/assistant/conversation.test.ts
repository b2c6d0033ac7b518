import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Conversation } from '../../src/assistant/conversation.js';
import { bytesOf, samplesOf } from '../../src/pcm/format.js';
import type { WireMessage } from '../../src/protocol/protocol.js';
import { concat, msOfSamples, silence } from '../helpers/speech.js';
import { mix, speechLike, whiteNoise } from '../helpers/synthetic-speech.js';
import { captureLog, FakeClock } from '../link/support.js';

const SILENCE_LIMIT_MS = 10_000;
const HOTWORD = '{"type":"hotword_detected"}';
const PLAYED = '{"type":"playback_complete"}';
const END = '{"type":"session_end"}';
const QUESTION = concat(silence(600), speechLike(1500, -26), silence(1200));

/** A device of the test's own, and its time. */
class Device {
  readonly clock = new FakeClock();
  readonly got: { message: WireMessage; atMs: number }[] = [];
  readonly log = captureLog();
  readonly conversation: Conversation;
  /** Set: the network takes nothing until it is called. */
  release: (() => void) | undefined;
  isBlocked = false;

  constructor() {
    this.conversation = new Conversation({
      send: (message) => this.#take(message),
      endOfSpeechMs: 800,
      silenceLimitMs: SILENCE_LIMIT_MS,
      clock: this.clock,
      log: this.log.log,
    });
  }

  /** Says a sound, in the time that it lasts, in messages of `bytes`. */
  say(sound: Int16Array, bytes = 2560): void {
    const pcm = bytesOf(sound);
    for (let at = 0; at < pcm.length; at += bytes) {
      const part = pcm.subarray(at, at + bytes);
      this.clock.advance(part.length / 32);
      this.conversation.audio(part);
    }
  }

  /** Lets time pass in small steps and what waits for it run. */
  async pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 10) {
      this.clock.advance(Math.min(10, ms - passed));
      await settle();
    }
  }

  /** The types of the text messages, binary ones left out. */
  get types(): unknown[] {
    return this.got.flatMap(({ message }) => (typeof message === 'string' ? [JSON.parse(message).type] : []));
  }

  get audio(): Int16Array {
    return concat(...this.got.flatMap(({ message }) => (typeof message === 'string' ? [] : [samplesOf(message)])));
  }

  /** Says the question and hears the reply out. */
  async ask(): Promise<void> {
    this.say(QUESTION);
    await this.pass(2000);
  }

  #take(message: WireMessage): Promise<void> {
    this.got.push({ message, atMs: this.clock.nowMs() });
    if (!this.isBlocked || typeof message === 'string') return Promise.resolve();
    return new Promise((resolve) => {
      this.release = resolve;
    });
  }
}

async function settle(): Promise<void> {
  for (let i = 0; i < 8; i++) await Promise.resolve();
}

describe('conversation', () => {
  test('is passive until the hotword, and says nothing to it', () => {
    const device = new Device();
    device.say(QUESTION);
    assert.equal(device.conversation.state, 'passive');
    device.conversation.text(HOTWORD);
    assert.equal(device.conversation.state, 'active');
    assert.deepEqual(device.got, []);
  });

  test('answers an utterance with start, audio, end, and listens again when it has been played', async () => {
    const device = new Device();
    device.conversation.text(HOTWORD);
    await device.ask();
    assert.deepEqual(device.types, ['start_of_tts_stream', 'tts_stream_end']);
    assert.equal(typeof device.got[0]?.message, 'string');
    assert.equal(typeof device.got.at(-1)?.message, 'string');
    assert.equal(device.conversation.state, 'speaking');
    device.conversation.text(PLAYED);
    assert.equal(device.conversation.state, 'active');
    await device.ask();
    assert.deepEqual(device.types.slice(2), ['start_of_tts_stream', 'tts_stream_end']);
  });

  test('sends the reply in chunks of 100 ms at three times real time', async () => {
    const device = new Device();
    device.conversation.text(HOTWORD);
    await device.ask();
    const chunks = device.got.filter(({ message }) => typeof message !== 'string');
    for (const { message } of chunks.slice(0, -1)) assert.equal(message.length, 3200);
    const tookMs = (chunks.at(-1)?.atMs ?? 0) - (chunks[0]?.atMs ?? 0);
    const expectedMs = ((chunks.length - 1) * 100) / 3;
    assert.ok(Math.abs(tookMs - expectedMs) < 15, `${tookMs} ms, not ${expectedMs}`);
    const lengthMs = msOfSamples(device.audio.length);
    assert.ok(lengthMs > 600 + 1800 && lengthMs < 2900, `${lengthMs} ms`);
  });

  test('waits for a network that is slow', async () => {
    const device = new Device();
    device.isBlocked = true;
    device.conversation.text(HOTWORD);
    await device.ask();
    assert.equal(device.got.length, 2, 'the mark and one chunk');
    device.isBlocked = false;
    device.release?.();
    await device.pass(2000);
    assert.equal(device.types.at(-1), 'tts_stream_end');
  });

  test('does not wait for ever for a network that takes nothing', async () => {
    const device = new Device();
    device.isBlocked = true;
    device.conversation.text(HOTWORD);
    await device.ask();
    await device.pass(13_000);
    assert.equal(device.conversation.state, 'active');
    device.release?.();
    await device.pass(500);
    assert.deepEqual(device.types, ['start_of_tts_stream', 'tts_stream_end']);
    assert.equal(device.got.filter(({ message }) => typeof message !== 'string').length, 1);
  });

  test('goes on by itself when playback_complete never comes, 10 s after the length of the reply', async () => {
    const device = new Device();
    device.conversation.text(HOTWORD);
    await device.ask();
    const endedMs = device.got.at(-1)?.atMs ?? 0;
    const lengthMs = msOfSamples(device.audio.length);
    await device.pass(endedMs + lengthMs + 9900 - device.clock.nowMs());
    assert.equal(device.conversation.state, 'speaking');
    await device.pass(200);
    assert.equal(device.conversation.state, 'active');
  });

  test('drops what it hears while it speaks', async () => {
    const device = new Device();
    device.conversation.text(HOTWORD);
    device.say(QUESTION);
    device.say(QUESTION);
    await device.pass(2000);
    device.conversation.text(PLAYED);
    assert.deepEqual(device.types, ['start_of_tts_stream', 'tts_stream_end']);
    device.say(silence(2000));
    assert.equal(device.conversation.state, 'active');
  });

  test('stops a reply that the device interrupts, marks its end and listens', async () => {
    const device = new Device();
    device.conversation.text(HOTWORD);
    device.say(QUESTION);
    await device.pass(200);
    device.conversation.text(PLAYED);
    assert.equal(device.conversation.state, 'active');
    await device.pass(3000);
    assert.deepEqual(device.types, ['start_of_tts_stream', 'tts_stream_end']);
    assert.ok(msOfSamples(device.audio.length) < 2000, 'the whole reply is longer');
    assert.equal(typeof device.got.at(-1)?.message, 'string', 'no audio behind the end');
  });

  test('takes the begin of a turn for the tail of a hotword only behind a hotword', async () => {
    const short = concat(speechLike(400, -26), silence(1500));
    const device = new Device();
    device.conversation.text(HOTWORD);
    device.say(short);
    assert.equal(device.conversation.state, 'active', 'behind the hotword');
    await device.ask();
    await device.pass(3000);
    device.conversation.text(PLAYED);
    device.say(short);
    assert.equal(device.conversation.state, 'speaking', 'behind a reply that was played');
    device.conversation.text(PLAYED);
    device.say(short);
    assert.equal(device.conversation.state, 'active', 'behind a reply that a hotword interrupted');
  });

  test('ends the session when nobody has spoken for the silence limit', async () => {
    const device = new Device();
    device.conversation.text(HOTWORD);
    device.say(silence(SILENCE_LIMIT_MS - 100));
    assert.deepEqual(device.types, []);
    device.say(silence(200));
    assert.deepEqual(device.types, ['session_end']);
    assert.equal(device.conversation.state, 'passive');
    assert.equal(device.clock.pending, 0);
  });

  test('does not end it while somebody speaks, and ends it when no audio comes at all', async () => {
    const device = new Device();
    device.conversation.text(HOTWORD);
    device.say(silence(SILENCE_LIMIT_MS - 500));
    device.say(speechLike(2000, -26));
    assert.deepEqual(device.types, []);
    await device.pass(SILENCE_LIMIT_MS + 100);
    assert.deepEqual(device.types, ['session_end']);
  });

  test('does not answer the noise of a loud room, turn after turn', async () => {
    const device = new Device();
    device.conversation.text(HOTWORD);
    const room = whiteNoise(8000, -28);
    device.say(mix(room, concat(silence(5000), speechLike(1500, -12), silence(1500))));
    await device.pass(2000);
    assert.equal(device.types.length, 2);
    await device.pass(2000);
    device.conversation.text(PLAYED);
    device.say(room);
    assert.equal(device.types.length, 2);
    assert.equal(device.conversation.state, 'active');
  });

  test('starts the silence limit anew after a reply', async () => {
    const device = new Device();
    device.conversation.text(HOTWORD);
    await device.ask();
    device.conversation.text(PLAYED);
    await device.pass(SILENCE_LIMIT_MS - 100);
    assert.equal(device.conversation.state, 'active');
    await device.pass(200);
    assert.deepEqual(device.types.slice(2), ['session_end']);
  });

  test('stops everything when the device ends the session, without a word', async () => {
    const device = new Device();
    device.conversation.text(HOTWORD);
    device.say(QUESTION);
    await device.pass(200);
    device.conversation.text(END);
    assert.equal(device.conversation.state, 'passive');
    const before = device.got.length;
    await device.pass(20_000);
    assert.equal(device.got.length, before);
    assert.equal(device.clock.pending, 0);
    device.conversation.text(END);
    device.conversation.text(HOTWORD);
    assert.equal(device.conversation.state, 'active');
  });

  test('ignores a hotword inside a session and a playback_complete outside a reply', async () => {
    const device = new Device();
    device.conversation.text(PLAYED);
    assert.equal(device.conversation.state, 'passive');
    device.conversation.text(HOTWORD);
    device.say(QUESTION.subarray(0, 16_000));
    device.conversation.text(HOTWORD);
    device.conversation.text(PLAYED);
    device.say(QUESTION.subarray(16_000));
    assert.equal(device.conversation.state, 'speaking', 'what was heard before them counts');
    assert.equal(device.conversation.ignoredMessages, 0);
  });

  test('counts what means nothing, and warns once a kind without quoting it', () => {
    const device = new Device();
    device.conversation.text(HOTWORD);
    const nothings = ['', 'secret words', '{', '[]', 'null', '7', '{"type":7}', '{"typ":"hotword_detected"}'];
    for (const text of nothings) device.conversation.text(text);
    for (const type of ['dance', 'secret words', 'start_of_tts_stream'])
      device.conversation.text(JSON.stringify({ type }));
    assert.equal(device.conversation.ignoredMessages, nothings.length + 3);
    assert.equal(device.conversation.state, 'active');
    const warnings = device.log.lines.filter((line) => JSON.parse(line).level === 40);
    assert.equal(warnings.length, 2);
    assert.ok(!warnings.join().includes('secret'));
  });

  test('carries odd bytes over, and starts afresh with each turn', async () => {
    const even = new Device();
    even.conversation.text(HOTWORD);
    await even.ask();
    const odd = new Device();
    odd.conversation.text(HOTWORD);
    odd.say(QUESTION, 333);
    await odd.pass(2000);
    assert.deepEqual(odd.audio, even.audio);
    const again = new Device();
    again.conversation.text(HOTWORD);
    again.conversation.audio(new Uint8Array(1));
    again.conversation.text(END);
    again.conversation.text(HOTWORD);
    await again.ask();
    assert.deepEqual(again.audio, even.audio);
  });

  test('is passive and without timers when the device is gone', async () => {
    const device = new Device();
    device.conversation.text(HOTWORD);
    device.say(QUESTION);
    await device.pass(100);
    device.conversation.close();
    device.conversation.close();
    await device.pass(100);
    assert.equal(device.conversation.state, 'passive');
    assert.equal(device.clock.pending, 0);
  });
});

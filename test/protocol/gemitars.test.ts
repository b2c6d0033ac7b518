import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { gemitars } from '../../src/protocol/gemitars.js';
import type { Codec, ServerEvent } from '../../src/protocol/protocol.js';

const START = '{"type":"start_of_tts_stream"}';
const END = '{"type":"tts_stream_end"}';
const SESSION_END = '{"type":"session_end"}';
const AUDIO = Buffer.from([1, 2, 3]);

function session(): Codec {
  const codec = gemitars.connect(() => new Date());
  codec.encode({ type: 'session.started' });
  return codec;
}

const types = (events: ServerEvent[]) =>
  events.map((event) => (event.type === 'ignored' ? `ignored: ${event.kind}` : event.type));

describe('gemitars: what the device says', () => {
  it('has a word for each event', () => {
    const codec = gemitars.connect(() => new Date());
    assert.deepEqual(codec.encode({ type: 'session.started' }), ['{"type":"hotword_detected"}']);
    assert.deepEqual(codec.encode({ type: 'mic.audio', pcm: AUDIO }), [AUDIO]);
    assert.deepEqual(codec.encode({ type: 'playback.complete' }), ['{"type":"playback_complete"}']);
    assert.deepEqual(codec.encode({ type: 'interrupted' }), ['{"type":"playback_complete"}']);
    assert.deepEqual(codec.encode({ type: 'session.ended', reason: 'user' }), [SESSION_END]);
  });
});

describe('gemitars: a reply', () => {
  it('of the newer generation has a start marker', () => {
    const codec = session();
    assert.deepEqual(types(codec.decode(START)), ['reply.started']);
    assert.deepEqual(codec.decode(AUDIO), [{ type: 'reply.audio', pcm: AUDIO }]);
    assert.deepEqual(types(codec.decode(END)), ['reply.ended']);
  });

  it('of the older generation begins with its first audio', () => {
    const codec = session();
    assert.deepEqual(types(codec.decode(AUDIO)), ['reply.started', 'reply.audio']);
    assert.deepEqual(types(codec.decode(AUDIO)), ['reply.audio']);
    assert.deepEqual(types(codec.decode(END)), ['reply.ended']);
    codec.encode({ type: 'playback.complete' });
    assert.deepEqual(types(codec.decode(AUDIO)), ['reply.started', 'reply.audio']);
  });

  it('takes audio behind its end marker until it has been played', () => {
    const codec = session();
    codec.decode(START);
    codec.decode(END);
    assert.deepEqual(types(codec.decode(AUDIO)), ['reply.audio']);
    codec.encode({ type: 'playback.complete' });
    assert.deepEqual(types(codec.decode(AUDIO)), ['ignored: audio outside a reply']);
  });

  it('goes on playing when the session ends in it', () => {
    const codec = session();
    codec.decode(START);
    assert.deepEqual(types(codec.decode(SESSION_END)), ['session.ended']);
    assert.deepEqual(types(codec.decode(AUDIO)), ['reply.audio']);
  });

  it('that was interrupted is dropped to its end marker, and the next one plays', () => {
    const codec = session();
    codec.decode(START);
    codec.encode({ type: 'interrupted' });
    assert.deepEqual(codec.decode(AUDIO), []);
    assert.deepEqual(codec.decode(END), []);
    assert.deepEqual(types(codec.decode(START)), ['reply.started']);
    assert.deepEqual(types(codec.decode(AUDIO)), ['reply.audio']);
  });

  it('that was interrupted after its end marker does not disturb the next one', () => {
    const codec = session();
    codec.decode(START);
    codec.decode(END);
    codec.encode({ type: 'interrupted' });
    assert.deepEqual(types(codec.decode(START)), ['reply.started']);
  });
});

describe('gemitars: what crosses a message of this side', () => {
  const second = (codec: Codec) => codec.encode({ type: 'mic.audio', pcm: Buffer.alloc(32_100) });

  it('of the older generation: late audio of an interrupted reply is not the next reply', () => {
    const codec = session();
    codec.decode(AUDIO);
    codec.decode(END);
    codec.encode({ type: 'interrupted' });
    assert.deepEqual(codec.decode(AUDIO), []);
    second(codec);
    assert.deepEqual(types(codec.decode(AUDIO)), ['reply.started', 'reply.audio']);
  });

  it('audio of a session that this side ended is not a reply in the next one', () => {
    const codec = session();
    codec.decode(AUDIO);
    codec.encode({ type: 'session.ended', reason: 'user' });
    codec.encode({ type: 'session.started' });
    assert.deepEqual(codec.decode(AUDIO), []);
    second(codec);
    assert.deepEqual(types(codec.decode(AUDIO)), ['reply.started', 'reply.audio']);
  });

  it('a session_end a second into a session ends it, although audio of an earlier reply still comes', () => {
    const codec = session();
    codec.decode(START);
    codec.encode({ type: 'session.ended', reason: 'user' });
    codec.encode({ type: 'session.started' });
    for (let i = 0; i < 4; i++) {
      codec.encode({ type: 'mic.audio', pcm: Buffer.alloc(10_000) });
      codec.decode(AUDIO);
    }
    assert.deepEqual(types(codec.decode(SESSION_END)), ['session.ended']);
  });

  it('a session_end right after an interruption ends the session, although this side ended one long ago', () => {
    const codec = session();
    codec.encode({ type: 'session.ended', reason: 'user' });
    codec.encode({ type: 'session.started' });
    second(codec);
    codec.decode(START);
    codec.encode({ type: 'interrupted' });
    assert.deepEqual(types(codec.decode(SESSION_END)), ['session.ended']);
  });

  it('a session_end that the server sent before it heard of the new session does not end that one', () => {
    const codec = session();
    codec.encode({ type: 'session.ended', reason: 'user' });
    codec.encode({ type: 'session.started' });
    assert.deepEqual(types(codec.decode(SESSION_END)), ['ignored: session_end of an earlier session']);
    assert.deepEqual(types(codec.decode(SESSION_END)), ['session.ended']);
  });

  it('a session_end that comes later is meant', () => {
    const codec = session();
    codec.encode({ type: 'session.ended', reason: 'user' });
    codec.encode({ type: 'session.started' });
    second(codec);
    assert.deepEqual(types(codec.decode(SESSION_END)), ['session.ended']);
  });
});

describe('gemitars: what means nothing', () => {
  const CASES: [string, string | Buffer, string][] = [
    ['text that is not JSON', 'hello {', 'text that is no message'],
    ['JSON that is not an object', '[1,2]', 'text that is no message'],
    ['null', 'null', 'text that is no message'],
    ['an object without a type', '{"kind":"x"}', 'text that is no message'],
    ['a type that is no string', '{"type":7}', 'text that is no message'],
    ['an unknown type', '{"type":"transcript","text":"secret words"}', 'unknown message type'],
    ['an end marker without a reply', END, 'tts_stream_end without a reply'],
  ];
  for (const [name, message, kind] of CASES) {
    it(`${name} is ignored`, () => {
      const events = session().decode(message);
      assert.deepEqual(types(events), [`ignored: ${kind}`]);
      assert.ok(!JSON.stringify(events).includes('secret words'));
      assert.ok(!JSON.stringify(events).includes('hello'));
    });
  }

  it('a second start marker inside a reply is ignored', () => {
    const codec = session();
    codec.decode(START);
    assert.deepEqual(types(codec.decode(START)), ['ignored: start_of_tts_stream inside a reply']);
  });

  it('anything outside a session is ignored', () => {
    const codec = gemitars.connect(() => new Date());
    assert.deepEqual(types(codec.decode(AUDIO)), ['ignored: audio outside a session']);
    assert.deepEqual(types(codec.decode(START)), ['ignored: start_of_tts_stream outside a session']);
    assert.deepEqual(types(codec.decode(SESSION_END)), ['ignored: session_end outside a session']);
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { SPEECH_FORMAT } from '../../src/pcm/format.js';
import type { Codec, DeviceEvent, Protocol, WireMessage } from '../../src/protocol/protocol.js';
import { PROTOCOLS } from '../../src/protocol/registry.js';

/** What a server of each protocol says until a conversation's audio is welcome. */
const GREETINGS: Readonly<Record<string, readonly string[]>> = {
  gemitars: [],
  augmentos: ['{"type":"connection_ack"}', '{"type":"microphone_state_change","isMicrophoneEnabled":true}'],
};
/** Names that mean something in one protocol or the other, so that random messages are not all unknown. */
const TYPES = [
  ...['start_of_tts_stream', 'tts_stream_end', 'session_end', 'connection_ack', 'connection_error', 'display_event'],
  ...['microphone_state_change', 'app_state_change', 'audio_play_request', 'audio_stop_request', 'start_rtmp_stream'],
];

const wire: fc.Arbitrary<WireMessage> = fc.oneof(
  fc.string(),
  fc.uint8Array({ maxLength: 64 }),
  fc.json(),
  fc
    .tuple(
      fc.constantFrom(...TYPES),
      fc.dictionary(fc.constantFrom('layout', 'view', 'userSession', 'code', 'requestId'), fc.jsonValue()),
    )
    .map(([type, fields]) => JSON.stringify({ ...fields, type })),
);
const OUTSIDE: readonly DeviceEvent[] = [
  { type: 'mic.audio', pcm: Buffer.alloc(64) },
  { type: 'reply.begun' },
  { type: 'interrupted' },
];

for (const [name, protocol] of Object.entries(PROTOCOLS)) contract(name, protocol);

/** What every protocol keeps. */
function contract(name: string, protocol: Protocol): void {
  const connect = () => protocol.connect(() => new Date(0));
  const greeted = (): Codec => {
    const codec = connect();
    for (const message of GREETINGS[name] ?? []) codec.decode(message);
    return codec;
  };

  describe(`protocol ${name}`, () => {
    it('has the name of its row, and wants the microphone as the device has it', () => {
      assert.equal(protocol.name, name);
      assert.deepEqual(protocol.micFormat, SPEECH_FORMAT);
    });

    it('dials the host and the query it was given, with no secret of its own', () => {
      const { url, headers } = protocol.dial(new URL('wss://host.example:7456/?key=value'));
      assert.deepEqual([url.protocol, url.host, url.search], ['wss:', 'host.example:7456', '?key=value']);
      assert.deepEqual(
        Object.keys(headers).filter((header) => /authorization/i.test(header)),
        [],
      );
      const given = new URL('ws://host.example');
      protocol.dial(given);
      assert.equal(given.href, 'ws://host.example/', 'the address it was given is left as it was');
    });

    it('is ready once greeted, says so once, and until then encodes nothing', () => {
      const codec = connect();
      assert.equal(codec.isReady, !protocol.hasGreeting);
      if (!codec.isReady) {
        assert.deepEqual(codec.encode({ type: 'session.started' }), []);
        assert.ok(codec.greet().length > 0, 'there is a way to ask for the greeting');
      }
      const events = [...(GREETINGS[name] ?? []), ...(GREETINGS[name] ?? [])].flatMap((said) => codec.decode(said));
      assert.equal(events.filter(({ type }) => type === 'ready').length, GREETINGS[name]?.length ? 1 : 0);
      assert.equal(codec.isReady, true);
    });

    it('carries the sound of a conversation byte for byte, and none before or after it', () => {
      const codec = greeted();
      const pcm = Buffer.from([1, 2, 3, 4]);
      const binary = (event: DeviceEvent) => codec.encode(event).filter((message) => typeof message !== 'string');
      codec.encode({ type: 'session.started' });
      assert.deepEqual(binary({ type: 'mic.audio', pcm }), [pcm]);
      assert.deepEqual(binary({ type: 'session.ended', reason: 'user' }), []);
    });

    it('says something at the beginning and at the end of a conversation', () => {
      const codec = greeted();
      assert.ok(codec.encode({ type: 'session.started' }).length > 0);
      assert.ok(codec.encode({ type: 'session.ended', reason: 'silence' }).length > 0);
    });

    it('never throws, whatever comes and whenever', () => {
      const event = fc.constantFrom<DeviceEvent>(
        ...OUTSIDE,
        { type: 'session.started' },
        { type: 'playback.complete' },
        { type: 'session.ended', reason: 'user' },
      );
      fc.assert(
        fc.property(fc.array(fc.oneof(wire, event), { maxLength: 30 }), (steps) => {
          const codec = connect();
          for (const step of steps) {
            if (typeof step === 'string' || step instanceof Uint8Array) codec.decode(step);
            else codec.encode(step);
          }
        }),
        { numRuns: 300 },
      );
    });

    it('tells of what it ignores in a few characters', () => {
      for (const message of [`{"type":"${'x'.repeat(10_000)}"}`, 'no JSON', '[]', '{"type":5}']) {
        const events = greeted().decode(message);
        assert.deepEqual(
          events.map(({ type }) => type),
          ['ignored'],
        );
        assert.ok(events.every((event) => event.type === 'ignored' && event.detail.length <= 60));
      }
    });

    it('knows nothing on a new connection of what was said on an old one', () => {
      const old = greeted();
      old.encode({ type: 'session.started' });
      const fresh = connect();
      assert.equal(fresh.isReady, !protocol.hasGreeting);
      assert.deepEqual(
        fresh.encode({ type: 'interrupted' }).filter((message) => typeof message !== 'string'),
        [],
      );
    });
  });
}

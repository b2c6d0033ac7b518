import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fillPlaceholders } from '../../src/protocol/augmentos/placeholders.js';
import { augmentos } from '../../src/protocol/augmentos.js';
import type { Codec, DeviceEvent, ServerEvent, WireMessage } from '../../src/protocol/protocol.js';

const NOW = new Date(2025, 5, 27, 15, 5);
const TIMESTAMP = NOW.toISOString();
const AUDIO = Buffer.from([1, 2, 3, 4]);

const said = (type: string, fields: object = {}) => JSON.stringify({ type, ...fields });
const ACK = said('connection_ack', { sessionId: 'a@b.example' });
const mic = (isMicrophoneEnabled: boolean) => said('microphone_state_change', { isMicrophoneEnabled, userSession: {} });
const display = (layout: object, fields: object = {}) => said('display_event', { view: 'main', layout, ...fields });

const parsed = (messages: readonly WireMessage[]) =>
  messages.map((message) => (typeof message === 'string' ? (JSON.parse(message) as { type: string }) : message));
const typesOf = (messages: readonly WireMessage[]) =>
  parsed(messages).map((message) => ('type' in message ? message.type : 'audio'));
const answers = (events: readonly ServerEvent[]) =>
  events.flatMap((event) => (event.type === 'answer' ? typesOf(event.messages) : []));
const kinds = (events: readonly ServerEvent[]) => events.map(({ type }) => type);
const told = (codec: Codec, ...events: DeviceEvent[]) => typesOf(events.flatMap((event) => codec.encode(event)));

function greeted(isMicWanted = true): Codec {
  const codec = augmentos.connect(() => NOW);
  codec.decode(mic(false));
  codec.decode(ACK);
  codec.decode(mic(isMicWanted));
  return codec;
}

describe('augmentos: the greeting', () => {
  it('of the newer generation: the microphone state first, then two acknowledgements', () => {
    const codec = augmentos.connect(() => NOW);
    assert.equal(codec.isReady, false);
    const first = codec.decode(mic(false));
    assert.deepEqual(answers(first), ['connection_init']);
    assert.equal(codec.isReady, false);
    const second = codec.decode(ACK);
    assert.deepEqual(kinds(second), ['answer', 'ready']);
    assert.deepEqual(answers(second), ['glasses_connection_state']);
    assert.equal(codec.isReady, true);
    assert.deepEqual(codec.decode(ACK), [], 'the second acknowledgement means nothing');
  });

  it('of the older generation: only after connection_init', () => {
    const codec = augmentos.connect(() => NOW);
    assert.deepEqual(parsed(codec.greet()), [{ type: 'connection_init', timestamp: TIMESTAMP }]);
    const events = codec.decode(ACK);
    assert.deepEqual(answers(events), ['glasses_connection_state'], 'connection_init is not repeated');
    assert.deepEqual(parsed(events.flatMap((event) => (event.type === 'answer' ? event.messages : []))), [
      { type: 'glasses_connection_state', modelName: 'tars-client', status: 'CONNECTED', timestamp: TIMESTAMP },
    ]);
  });

  it('is waited for: until then the device says nothing', () => {
    const codec = augmentos.connect(() => NOW);
    codec.decode(mic(true));
    assert.deepEqual(told(codec, { type: 'session.started' }, { type: 'mic.audio', pcm: AUDIO }), []);
  });

  it('is refused in words, for good or for now', () => {
    const refusal = (fields: object) =>
      augmentos
        .connect(() => NOW)
        .decode(said('connection_error', fields))
        .at(-1);
    assert.deepEqual(refusal({ message: 'Invalid core token' }), {
      type: 'rejected',
      reason: 'Invalid core token',
      isLasting: true,
    });
    assert.deepEqual(refusal({ code: 'INTERNAL_ERROR', message: 'no database' }), {
      type: 'rejected',
      reason: 'INTERNAL_ERROR: no database',
      isLasting: false,
    });
    assert.deepEqual(refusal({ message: 'Error processing message' }), {
      type: 'rejected',
      reason: 'Error processing message',
      isLasting: false,
    });
    assert.deepEqual(refusal({ code: 'MALFORMED_MESSAGE' }), {
      type: 'rejected',
      reason: 'MALFORMED_MESSAGE',
      isLasting: true,
    });
    assert.deepEqual(refusal({}), { type: 'rejected', reason: 'connection_error', isLasting: false });
  });

  it('has taken place: a later failure leaves the connection alone', () => {
    const events = greeted().decode(said('connection_error', { code: 'INVALID_TOKEN', message: 'settings' }));
    assert.deepEqual(events, [{ type: 'error', message: 'INVALID_TOKEN: settings' }]);
  });
});

describe('augmentos: the microphone', () => {
  it('goes to the cloud between VAD true and VAD false, in capitals', () => {
    const codec = greeted();
    const messages = [{ type: 'session.started' } as const, { type: 'mic.audio', pcm: AUDIO } as const].flatMap(
      (event) => codec.encode(event),
    );
    assert.deepEqual(parsed(messages), [{ type: 'VAD', status: true, timestamp: TIMESTAMP }, AUDIO]);
    assert.deepEqual(told(codec, { type: 'reply.begun' }), ['VAD']);
    assert.deepEqual(told(codec, { type: 'playback.complete' }), []);
    assert.deepEqual(told(codec, { type: 'mic.audio', pcm: AUDIO }), ['VAD', 'audio']);
    const end = codec.encode({ type: 'session.ended', reason: 'silence' });
    assert.deepEqual(parsed(end), [{ type: 'VAD', status: false, timestamp: TIMESTAMP }]);
    assert.deepEqual(told(codec, { type: 'mic.audio', pcm: AUDIO }), [], 'no audio outside a conversation');
  });

  it('is silent while the cloud does not want it', () => {
    const codec = greeted();
    told(codec, { type: 'session.started' }, { type: 'mic.audio', pcm: AUDIO });
    codec.decode(mic(false));
    assert.deepEqual(told(codec, { type: 'mic.audio', pcm: AUDIO }), []);
    assert.deepEqual(codec.decode(mic(true)), [], 'what was said meanwhile is not sent');
    assert.deepEqual(told(codec, { type: 'mic.audio', pcm: AUDIO }), ['audio']);
  });

  it('is wanted by a state that does not say otherwise, as phones read it', () => {
    const codec = greeted(false);
    codec.decode(said('microphone_state_change', { requiredData: ['pcm'] }));
    assert.deepEqual(told(codec, { type: 'session.started' }, { type: 'mic.audio', pcm: AUDIO }), ['VAD', 'audio']);
  });

  it('is kept at the beginning for a cloud that opens it late, 7 s at most', () => {
    const codec = greeted(false);
    told(codec, { type: 'session.started' });
    const second = (value: number) => Buffer.alloc(32_000, value);
    const seconds = [1, 2, 3, 4, 5, 6, 7, 8];
    for (const value of seconds) assert.deepEqual(told(codec, { type: 'mic.audio', pcm: second(value) }), []);
    assert.deepEqual(codec.decode(mic(true)), [
      { type: 'answer', messages: seconds.slice(1).map((v) => new Uint8Array(second(v))) },
    ]);
    assert.deepEqual(told(codec, { type: 'mic.audio', pcm: AUDIO }), ['audio']);
  });

  it('keeps nothing beyond the conversation', () => {
    const codec = greeted(false);
    told(
      codec,
      { type: 'session.started' },
      { type: 'mic.audio', pcm: AUDIO },
      { type: 'session.ended', reason: 'user' },
    );
    assert.deepEqual(codec.decode(mic(true)), []);
  });
});

describe('augmentos: displays', () => {
  const LAYOUTS: readonly [layout: object, text: string][] = [
    [{ layoutType: 'text_wall', text: ' hello ' }, 'hello'],
    [{ layoutType: 'text_line', text: 'hello' }, 'hello'],
    [{ layoutType: 'double_text_wall', topText: 'up', bottomText: 'down' }, 'up\ndown'],
    [{ layoutType: 'reference_card', title: 'Weather', text: 'Rain.' }, 'Weather\nRain.'],
    [{ layoutType: 'dashboard_card', leftText: 'left', rightText: '' }, 'left'],
    [{ layoutType: 'text_rows', text: ['one', 2, 'three'] }, 'one\nthree'],
  ];
  for (const [layout, text] of LAYOUTS) {
    it(`${(layout as { layoutType: string }).layoutType} is read from top to bottom`, () => {
      assert.deepEqual(greeted().decode(display(layout)), [{ type: 'display', view: 'main', kind: 'text', text }]);
    });
  }

  it('without text clear the view', () => {
    for (const layout of [
      { layoutType: 'text_wall', text: '' },
      { layoutType: 'clear_view' },
      { layoutType: 'empty' },
    ]) {
      assert.deepEqual(greeted().decode(display(layout, { durationMs: 0 })), [
        { type: 'display', view: 'main', kind: 'clear', text: '' },
      ]);
    }
  });

  it('of starting apps are notices, in both names of the system', () => {
    for (const name of ['MentraOS', 'AugmentOS']) {
      const card = { layoutType: 'reference_card', title: `// ${name} - Starting App`, text: 'Captions' };
      const [event] = greeted().decode(display(card));
      assert.equal(event?.type === 'display' && event.kind, 'notice');
    }
  });

  it('of the dashboard are told apart', () => {
    const layout = { layoutType: 'double_text_wall', topText: '$TIME12$', bottomText: '' };
    assert.deepEqual(greeted().decode(display(layout, { view: 'dashboard' })), [
      { type: 'display', view: 'dashboard', kind: 'text', text: '$TIME12$' },
    ]);
  });

  it('that are pictures, of any size, are ignored in a few characters', () => {
    const [event] = greeted().decode(display({ layoutType: 'bitmap_view', data: 'A'.repeat(1_400_000) }));
    assert.deepEqual(event, { type: 'ignored', kind: 'picture', detail: 'bitmap_view' });
  });

  it('have placeholders for the time', () => {
    const text = '$DATE$|$TIME12$|$TIME24$|$no_datetime$|$GBATT$|$CONNECTION_STATUS$|$5';
    const battery = undefined;
    assert.equal(fillPlaceholders(text, { at: NOW, battery }), '6/27|3:05 PM|15:05|6/27, 15:05|||$5');
    assert.equal(fillPlaceholders('$TIME12$', { at: new Date(2025, 0, 1, 0, 7), battery }), '12:07 AM');
    const charged = { percent: 85, isCharging: true };
    assert.equal(fillPlaceholders('$GBATT$ left', { at: NOW, battery: charged }), '85% left');
  });
});

describe('augmentos: requests', () => {
  it('to play carry what is to be played', () => {
    const request = {
      requestId: 'r1',
      appId: 'org.example',
      audioUrl: 'http://x/y.mp3',
      volume: 0.5,
      stopOtherAudio: false,
    };
    assert.deepEqual(greeted().decode(said('audio_play_request', request)), [
      {
        type: 'play.requested',
        id: 'r1',
        owner: 'org.example',
        url: 'http://x/y.mp3',
        volume: 0.5,
        stopsOthers: false,
      },
    ]);
    const [event] = greeted().decode(said('audio_play_request', { requestId: 'r2', audioUrl: 'u', volume: 'loud' }));
    assert.ok(event?.type === 'play.requested');
    assert.deepEqual([event.volume, event.stopsOthers], [1, true]);
  });

  it('to play are answered with what became of them', () => {
    const codec = greeted();
    assert.deepEqual(parsed(codec.encode({ type: 'play.finished', id: 'r1', durationMs: 900 })), [
      { type: 'audio_play_response', requestId: 'r1', success: true, duration: 900, timestamp: TIMESTAMP },
    ]);
    const [failed] = parsed(codec.encode({ type: 'play.finished', id: 'r1', durationMs: 0, error: 'no MP3' }));
    assert.deepEqual(failed, {
      type: 'audio_play_response',
      requestId: 'r1',
      success: false,
      error: 'no MP3',
      duration: 0,
      timestamp: TIMESTAMP,
    });
  });

  it('for a camera are declined, and those that keep its stream alive acknowledged', () => {
    const codec = greeted();
    const start = codec.decode(said('start_rtmp_stream', { rtmpUrl: 'rtmp://x', appId: 'a', streamId: 's' }));
    const [answer] = start;
    assert.deepEqual(answer?.type === 'answer' && parsed(answer.messages), [
      {
        type: 'rtmp_stream_status',
        streamId: 's',
        appId: 'a',
        status: 'error',
        errorDetails: 'this device has no camera',
        timestamp: TIMESTAMP,
      },
    ]);
    assert.deepEqual(answers(codec.decode(said('stop_rtmp_stream', { appId: 'a', streamId: 's' }))), [
      'rtmp_stream_status',
    ]);
    const alive = codec.decode(said('keep_rtmp_stream_alive', { streamId: 's', ackId: '7' }));
    assert.deepEqual(answers(alive), ['keep_alive_ack']);
    const photo = codec.decode(said('photo_request', { requestId: 'p', appId: 'a' }));
    assert.deepEqual(photo[0]?.type === 'answer' && parsed(photo[0].messages), [
      {
        type: 'photo_response',
        requestId: 'p',
        photoUrl: '',
        savedToGallery: false,
        success: false,
        error: { code: 'CAMERA_INIT_FAILED', message: 'this device has no camera' },
        timestamp: TIMESTAMP,
      },
    ]);
    assert.deepEqual(kinds(codec.decode(said('photo_request'))), ['ignored']);
  });

  it('of the person are told: buttons and apps', () => {
    const codec = greeted();
    assert.deepEqual(parsed(codec.encode({ type: 'button', press: 'long' })), [
      { type: 'button_press', buttonId: 'main', pressType: 'long', timestamp: TIMESTAMP },
    ]);
    assert.deepEqual(parsed(codec.encode({ type: 'app', id: 'org.example', do: 'start' })), [
      { type: 'start_app', packageName: 'org.example', timestamp: TIMESTAMP },
    ]);
    assert.deepEqual(told(codec, { type: 'app', id: 'org.example', do: 'stop' }), ['stop_app']);
  });

  it('of apps that run are known', () => {
    const userSession = { activeAppSessions: ['a', 'b', 'a', 3], loadingApps: {} };
    assert.deepEqual(greeted().decode(said('app_state_change', { userSession })), [
      { type: 'apps', running: ['a', 'b'] },
    ]);
    assert.deepEqual(greeted().decode(said('app_state_change')), []);
    const failed = greeted().decode(said('app_state_change', { userSession, error: 'the app did not start' }));
    assert.deepEqual(failed.at(-1), { type: 'error', message: 'the app did not start' });
  });

  it('of apps that run are known from the greeting, and one by one from the older generation', () => {
    const codec = greeted();
    const running = (message: string) =>
      codec.decode(message).flatMap((event) => (event.type === 'apps' ? [event.running] : []));
    assert.deepEqual(running(said('connection_ack', { userSession: { activeAppPackageNames: ['a'] } })), [['a']]);
    assert.deepEqual(running(said('app_started', { packageName: 'b' })), [['a', 'b']]);
    assert.deepEqual(running(said('app_started', { packageName: 'b' })), [['a', 'b']]);
    assert.deepEqual(running(said('app_stopped', { packageName: 'a' })), [['b']]);
    assert.deepEqual(kinds(codec.decode(said('app_stopped'))), ['ignored']);
  });

  it('of the battery are told as glasses do', () => {
    assert.deepEqual(parsed(greeted().encode({ type: 'battery', percent: 85, isCharging: false })), [
      { type: 'glasses_battery_update', level: 85, charging: false, timestamp: TIMESTAMP },
    ]);
  });

  it('for settings are known, and their failure is told', () => {
    assert.deepEqual(greeted().decode(said('settings_update', { settings: { brightness: 50 } })), []);
    assert.deepEqual(
      greeted().decode(said('augmentos_settings_update_error', { success: false, message: 'no user' })),
      [{ type: 'error', message: 'no user' }],
    );
  });
});

describe('augmentos: the address', () => {
  it('gets the path of the cloud where it has none', () => {
    const path = (address: string) => augmentos.dial(new URL(address)).url.href;
    assert.equal(path('wss://cloud.example'), 'wss://cloud.example/glasses-ws');
    assert.equal(path('ws://cloud.example:8002/?a=b'), 'ws://cloud.example:8002/glasses-ws?a=b');
    assert.equal(path('wss://cloud.example/other/glasses-ws'), 'wss://cloud.example/other/glasses-ws');
  });
});

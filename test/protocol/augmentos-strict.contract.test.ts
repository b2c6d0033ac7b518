import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { samplesOf } from '../../src/pcm/format.js';
import { writeWav } from '../../src/pcm/wav-writer.js';
import { hum } from '../helpers/gemitars-faults-parts.js';
import { startInnerDevice } from '../helpers/inner-device.js';
import { RATE_HZ } from '../helpers/sound-tap.js';
import { silence } from '../helpers/speech.js';
import { type CloudEra, StrictGlassesCloud } from '../helpers/strict-glasses-cloud.js';
import { faultOf } from '../helpers/strict-glasses-rules.js';

const ERAS: readonly CloudEra[] = ['seed', 'snapshot'];
const SECRET = 'the secret of this cloud';
const CONVERSATIONS = 20;
const HASTE = 8;

async function meet(test: TestContext, era: CloudEra, token: string) {
  const folder = await mkdtemp(join(tmpdir(), 'tars-strict-'));
  test.after(() => rm(folder, { recursive: true, force: true }));
  const tokenFile = join(folder, 'token');
  await writeFile(tokenFile, `${token}\n`, { mode: 0o600 });
  const said = join(folder, 'said.wav');
  await writeWav(said, samplesOf(hum(300)), RATE_HZ);
  const cloud = new StrictGlassesCloud({ era, secret: SECRET, haste: HASTE });
  await cloud.start();
  test.after(() => cloud.close());
  const device = await startInnerDevice(test, {
    heard: silence(20_000),
    speed: HASTE,
    settings: {
      'server.protocol': 'augmentos',
      'server.url': cloud.url,
      'server.token_file': tokenFile,
      'speech.engine': 'command',
      'speech.command': `cat ${said}`,
      'augmentos.display': 'both',
    },
  });
  return { cloud, device };
}

describe('a cloud that checks everything', { concurrency: true }, () => {
  for (const era of ERAS) {
    it(`of the ${era}: ${CONVERSATIONS} conversations in a row, each with a card spoken, a lost connection between, nothing to complain of`, async (test) => {
      const { cloud, device } = await meet(test, era, StrictGlassesCloud.token(SECRET));
      await cloud.until(() => cloud.counts.glasses_connection_state === 1, 'the greeting');
      for (let turn = 1; turn <= CONVERSATIONS; turn++) {
        if (turn === CONVERSATIONS / 2) {
          cloud.cut();
          await cloud.until(() => cloud.counts.glasses_connection_state === 2, 'the greeting after the loss');
          await device.until(() => device.all('link.up').length === 2, 'the link is back');
        }
        device.talk();
        await device.until(() => device.all('reply.completed').length >= turn, `the card of conversation ${turn}`);
        device.talk();
        await device.until(() => device.all('session.ended').length === turn, `the end of conversation ${turn}`);
      }
      assert.deepEqual(cloud.violations, []);
      assert.deepEqual([cloud.sessions, cloud.connections, cloud.refusals], [1, 2, 0]);
      assert.ok(cloud.cards.length >= CONVERSATIONS, `${cloud.cards.length} cards`);
      for (const answer of ['photo_response', 'rtmp_stream_status', 'keep_alive_ack', 'button_press', 'audio']) {
        assert.ok((cloud.counts[answer] ?? 0) >= CONVERSATIONS, `${cloud.counts[answer]} times ${answer}`);
      }
      const ended = device.all('session.ended').map(({ fields }) => fields.reason);
      assert.deepEqual(new Set(ended), new Set(['user']), 'no conversation ended otherwise');
      const ignored = device.all('protocol.ignored').map(({ fields }) => fields.type);
      assert.ok(ignored.length <= 12, `${ignored.length} lines about what means nothing, on two connections`);
    });

    it(`of the ${era} refuses a token of another's making, in words`, async (test) => {
      const { cloud, device } = await meet(test, era, StrictGlassesCloud.token('another secret'));
      await device.until(() => device.all('link.down').length > 0, 'the refusal');
      const { reason, retryInMs } = device.all('link.down')[0]?.fields ?? assert.fail();
      assert.match(reason, /"Invalid core token".*server\.token_file/);
      assert.ok(retryInMs >= 30_000, `${retryInMs} ms`);
      assert.deepEqual([cloud.refusals, cloud.violations], [1, []]);
    });
  }
});

describe('the rules of that cloud', () => {
  const standing = { isHeard: true, isAcknowledged: true, hasInit: false, isMicWanted: true, isVoice: true };
  const said = (fields: object) => Buffer.from(JSON.stringify({ timestamp: new Date(), ...fields }));

  it('let pass what glasses say', () => {
    for (const fields of [
      { type: 'connection_init' },
      { type: 'VAD', status: false },
      { type: 'VAD', status: 'false', timestamp: Date.now() },
      { type: 'button_press', buttonId: 'main', pressType: 'long' },
    ]) {
      assert.equal(faultOf(said(fields), false, standing), undefined);
    }
    assert.equal(faultOf(Buffer.alloc(3_200), true, standing), undefined);
  });

  it('notice each mistake', () => {
    const mistakes: readonly [RegExp, Buffer, boolean, object?][] = [
      [/lost/, said({ type: 'connection_init' }), false, { isHeard: false }],
      [/before the acknowledgement/, said({ type: 'VAD', status: false }), false, { isAcknowledged: false }],
      [/before the acknowledgement/, Buffer.alloc(2), true, { isAcknowledged: false }],
      [/not wanted/, Buffer.alloc(2), true, { isMicWanted: false }],
      [/outside VAD/, Buffer.alloc(2), true, { isVoice: false }],
      [/no whole samples/, Buffer.alloc(3), true],
      [/twice/, said({ type: 'connection_init' }), false, { hasInit: true }],
      [/do not have: "vad"/, said({ type: 'vad', status: true }), false],
      [/changes nothing/, said({ type: 'VAD', status: true }), false],
      [/status = "yes"/, said({ type: 'VAD', status: 'yes' }), false],
      [/timestamp/, said({ type: 'connection_init', timestamp: undefined }), false],
      [/timestamp/, said({ type: 'connection_init', timestamp: 'noon' }), false],
      [/timestamp/, said({ type: 'connection_init', timestamp: 1 }), false],
      [/field coreToken/, said({ type: 'connection_init', coreToken: 'x' }), false],
      [/pressType = "double"/, said({ type: 'button_press', buttonId: 'b', pressType: 'double' }), false],
      [/level = 101/, said({ type: 'glasses_battery_update', level: 101, charging: false }), false],
      [/no JSON/, Buffer.from('hello'), false],
    ];
    for (const [fault, message, isBinary, change] of mistakes) {
      assert.match(faultOf(message, isBinary, { ...standing, ...change }) ?? 'nothing', fault);
    }
  });
});

import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { systemClock } from '../../src/clock.js';
import { serverCheck } from '../../src/doctor/server.js';
import { wsOpener } from '../../src/link/ws-socket.js';
import { augmentos } from '../../src/protocol/augmentos.js';
import { type CloudEra, StrictGlassesCloud } from '../helpers/strict-glasses-cloud.js';

const SECRET = 'the secret of this cloud';

async function visit(test: TestContext, era: CloudEra, token: string) {
  const cloud = new StrictGlassesCloud({ era, secret: SECRET, haste: 8 });
  await cloud.start();
  test.after(() => cloud.close());
  const check = serverCheck({
    target: augmentos.dial(new URL(cloud.url)),
    openSocket: wsOpener({ token, allowPlaintext: false, clock: systemClock }),
    tokenFile: '/etc/tars-client/credentials/server-token',
    codec: augmentos.connect(() => new Date()),
  });
  const [finding] = await check.run(new AbortController().signal);
  assert.deepEqual(cloud.violations, []);
  return finding;
}

describe('the doctor at a cloud for glasses', { concurrency: true }, () => {
  for (const era of ['seed', 'snapshot'] as const) {
    it(`of the ${era} sees that it greets`, async (test) => {
      const finding = await visit(test, era, StrictGlassesCloud.token(SECRET));
      assert.equal(finding?.gravity, 'ok', finding?.text);
      assert.match(finding?.text ?? '', /the token is accepted, ping/);
    });

    it(`of the ${era} is told that it refuses the token, wherever it says so`, async (test) => {
      const finding = await visit(test, era, StrictGlassesCloud.token('another secret'));
      assert.equal(finding?.gravity, 'failure');
      assert.match(finding?.text ?? '', /Invalid core token/);
      assert.match(
        finding?.remedy ?? '',
        /^sudo nano \/etc\/tars-client\/credentials\/server-token && sudo systemctl restart tars-client .*server\.token_file/,
      );
    });
  }
});

import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { furnish, utter } from '../helpers/room.js';

const PRELOAD = fileURLToPath(new URL('../helpers/crash-on-signal.js', import.meta.url));
const TOKEN = 'very-secret-token-0123456789';
const END_WITHIN_MS = 2_000;

/** The folder of the service manager, the variables that name it, and what is in it. */
function stateFolder(test: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'tars-state-'));
  test.after(() => rmSync(folder, { recursive: true, force: true }));
  const texts = () => readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8'));
  return { folder, texts, variables: { STATE_DIRECTORY: folder, NODE_OPTIONS: `--import ${PRELOAD}` } };
}

describe('a defect', () => {
  for (const [what, signal, why] of [
    ['an exception', 'SIGWINCH', 'a defect for the test'],
    ['a rejection', 'SIGIO', 'a rejection for the test'],
  ] as const) {
    it(`${what} in a conversation: black box, everything closed, exit 1`, async (test) => {
      const { texts, variables } = stateFolder(test);
      const { sound, server, device } = await furnish(test, { variables });
      await sound.speak((await utter('what is the weather like today')).sound);
      await server.next('hotword_detected');
      device.signal(signal);
      const exit = await device.exited;
      assert.deepEqual([exit.code, exit.signal], [1, null]);
      assert.ok(exit.ms <= END_WITHIN_MS, `${exit.ms} ms`);
      assert.deepEqual(device.leftovers(), []);
      await server.next('session_end');
      const [crash] = device.all('client.crashed');
      assert.equal(crash?.why, why);
      assert.match(String(crash?.stack), /crash-on-signal/);
      assert.deepEqual(device.lines.at(-1)?.event, 'client.stopped');
      assert.equal(device.lines.at(-1)?.code, 1);
      const [text = '', ...more] = texts();
      assert.deepEqual(more, []);
      const lines = text
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Record<string, unknown>);
      assert.equal(lines[0]?.why, 'crash');
      const story = lines.map((line) => line.what);
      for (const event of ['client.started', 'link.up', 'hotword.detected', 'session.started', 'state.changed'])
        assert.ok(story.includes(event), event);
      assert.equal(story.at(-1), 'client.crashed');
      assert.deepEqual(device.errorLines, []);
    });
  }
});

describe('SIGUSR2', () => {
  it('writes the black box, without a secret, and the device goes on', async (test) => {
    const { folder, texts, variables } = stateFolder(test);
    const tokenFile = join(mkdtempSync(join(tmpdir(), 'tars-token-')), 'token');
    test.after(() => rmSync(join(tokenFile, '..'), { recursive: true }));
    writeFileSync(tokenFile, `${TOKEN}\n`);
    const { server, device } = await furnish(test, {
      variables,
      flags: [`--server.token_file=${tokenFile}`],
      query: '?key=secret-in-the-address',
    });
    assert.ok(server.all('open')[0]?.headers?.authorization?.includes(TOKEN), 'the token is in use');
    server.welcome = { status: 401 };
    server.terminate();
    await device.waitFor('link.down', { where: ({ reason }) => reason.includes('401') });
    device.signal('SIGUSR2');
    const { to } = await device.waitFor('blackbox.written');
    assert.ok(to.startsWith(folder), to);
    const [text = ''] = texts();
    assert.ok(text.includes('link.down'));
    for (const secret of [TOKEN, 'secret-in-the-address']) assert.ok(!text.includes(secret), secret);
    assert.equal(device.state, 'listening');
  });
});

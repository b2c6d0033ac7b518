import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { WebSocket } from 'ws';
import { assistantCommand } from '../../src/cli/assistant.js';
import { ConnectionError, UsageError } from '../../src/errors.js';

const config = {
  assistant: { demonstrate: false, end_of_speech_ms: 300, silence_limit_ms: 50 },
  log: { level: 'silent', format: 'json' },
} as const;

/** Runs the command until the test stops it; `url` resolves when it says where it listens. */
function start(options: [string, string][]) {
  const stop = new AbortController();
  let announce: (url: string) => void = () => undefined;
  const url = new Promise<string>((resolve) => {
    announce = resolve;
  });
  const output = { write: (text: string) => announce(/ws:\S+/.exec(text)?.[0] ?? text) };
  const done = assistantCommand({ config, options: new Map(options), signal: stop.signal, output });
  return { stop: () => stop.abort(), url, done };
}

test('the command says where it listens, serves, and ends with its signal', async () => {
  const { stop, url, done } = start([['port', '0']]);
  const device = new WebSocket(await url);
  await once(device, 'open');
  device.send('{"type":"hotword_detected"}');
  const [text] = await once(device, 'message');
  assert.equal(String(text), '{"type":"session_end"}');
  stop();
  const [code] = await once(device, 'close');
  assert.equal(code, 1001);
  assert.equal(await done, 0);
});

test('the command refuses a port and a host that are none, and one that is taken', async () => {
  for (const port of ['', '-1', '65536', 'http', '1e3', '80.5']) {
    await assert.rejects(start([['port', port]]).done, UsageError, port);
  }
  await assert.rejects(start([['host', '']]).done, UsageError);
  const { stop, url, done } = start([['port', '0']]);
  const { port } = new URL(await url);
  await assert.rejects(start([['port', port]]).done, ConnectionError);
  stop();
  await done;
});

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Device, startDevice } from './device.js';
import { descendants, processes } from './process-tree.js';

/** Does what the flags say, in order, and then stays until SIGTERM. */
const PROGRAM = `
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
const log = (fields) => console.log(JSON.stringify(fields));
const [command, , config, ...flags] = process.argv.slice(2);
const children = [];
const doings = {
  started: () => log({ level: 'info', event: 'client.started', version: '1', protocol: command, server: readFileSync(config, 'utf8') }),
  listening: () => log({ event: 'state.changed', from: 'idle', to: 'listening', why: 'ready' }),
  hotword: () => log({ event: 'hotword.detected', phrase: 'hey tars', score: 0.5 + log.count++ / 10, engine: 'none' }),
  environment: () => log({ msg: Object.keys(process.env).filter((name) => name.startsWith('TARS_')).join() }),
  stray: () => { console.log('PortAudio V19'); console.error('cannot open'); },
  child: async () => {
    const child = spawn(process.execPath, ['-e', 'console.log(1); setInterval(() => {}, 1000)', 'a child']);
    children.push(child);
    await once(child.stdout, 'data'); // the kernel shows no arguments in the first moments of a program
  },
  orphan: () => spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)', 'an orphan'], { detached: true, stdio: 'ignore' }),
  deaf: () => process.on('SIGTERM', () => {}),
  end: () => process.exit(3),
};
log.count = 1;
process.once('SIGTERM', () => {
  if (flags.includes('deaf')) return;
  for (const child of children) child.kill();
  log({ event: 'client.stopped', code: 0 });
  process.exit(0);
});
for (const flag of flags) await doings[flag]();
setInterval(() => {}, 1000);
`;

let folder: string;
let main: string;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tars-program-'));
  main = join(folder, 'main.mjs');
  await writeFile(main, PROGRAM);
});
after(() => rm(folder, { recursive: true }));

test('the program is run with its configuration, and without TARS_ variables but those given', async (t) => {
  const env = { ...process.env, TARS_CONFIG: '/nowhere' };
  const options = { main, env, config: '[server]', variables: { TARS_SERVER_URL: 'ws://x' } };
  const device = await startDevice(t, { ...options, flags: ['started', 'environment'] });
  const { protocol, server, level } = await device.waitFor('client.started');
  assert.deepEqual([protocol, server, level], ['run', '[server]', 'info']);
  device.signal('SIGTERM');
  await device.exited;
  assert.equal(device.lines.find(({ msg }) => msg !== undefined)?.msg, 'TARS_SERVER_URL');
});

test('an event is found whether it came before or comes later, but not before the mark', async (t) => {
  const device = await startDevice(t, { main, flags: ['started', 'hotword', 'hotword'] });
  const second = await device.waitFor('hotword.detected', { where: ({ score }) => score > 0.65 });
  assert.equal(second.score, 0.7);
  assert.equal((await device.waitFor('hotword.detected')).score, 0.6);
  assert.equal(device.all('hotword.detected').length, 2);
  device.mark();
  await assert.rejects(
    device.waitFor('hotword.detected', { timeoutMs: 30 }),
    /hotword\.detected.*30 ms[\s\S]*client.started/,
  );
  const stopped = device.waitFor('client.stopped');
  device.signal('SIGTERM');
  assert.equal((await stopped).code, 0);
});

test('the state is the last one that the device told', async (t) => {
  const device = await startDevice(t, { main, flags: ['started', 'listening'] });
  assert.equal(device.state, 'idle');
  await device.waitForState('listening');
  assert.equal(device.state, 'listening');
  await device.waitForState('listening');
  await assert.rejects(device.waitForState('idle', 30), /which is listening/);
  assert.equal((await device.waitFor('client.started')).event, 'client.started', 'the mark was moved');
});

test('a device that ends says so to those who wait, and how', async (t) => {
  const device = await startDevice(t, { main, flags: ['started', 'end'] });
  await assert.rejects(device.waitFor('hotword.detected'), /ended \(3\) before hotword/);
  const { code, signal, ms } = await device.exited;
  assert.deepEqual([code, signal], [3, null]);
  assert.ok(ms > 0);
});

test('lines that are no JSON are kept apart', async (t) => {
  const device = await startDevice(t, { main, flags: ['stray', 'started'] });
  await device.waitFor('client.started');
  await device.stop();
  assert.deepEqual([device.strayLines, device.errorLines], [['PortAudio V19'], ['cannot open']]);
  assert.equal(device.lines.length, 2);
});

test('the children of a device are listed and are gone with it', async (t) => {
  const device = await startDevice(t, { main, flags: ['child', 'started'] });
  await device.waitFor('client.started');
  const [child] = device.children();
  assert.match(child?.command ?? '', /a child$/);
  assert.equal(child?.parentPid, device.pid);
  const { code, signal } = await device.stop();
  assert.deepEqual([code, signal, device.leftovers()], [0, null, []]);
});

test('a process that a device leaves behind is told, and ended', async () => {
  const device = new Device({ main, flags: ['orphan', 'started'] });
  await device.start();
  await device.waitFor('client.started');
  await assert.rejects(device.stop(), /left processes behind/);
  assert.deepEqual(device.leftovers(), []);
  assert.equal(
    processes().some(({ command }) => command.endsWith('an orphan')),
    false,
  );
});

test('a device that does not end is ended by force', async (t) => {
  const device = await startDevice(t, { main, flags: ['deaf', 'started'] });
  await device.waitFor('client.started');
  const { signal, ms } = await device.stop(100);
  assert.equal(signal, 'SIGKILL');
  assert.ok(ms >= 95, `${ms}`);
});

test('a test run that is terminated leaves no device behind', async () => {
  const helper = new URL('./device.js', import.meta.url);
  const script = join(folder, 'run.mjs');
  await writeFile(
    script,
    `import { Device } from ${JSON.stringify(helper)};
     const device = new Device({ main: ${JSON.stringify(main)}, flags: ['child', 'started'] });
     await device.start();
     await device.waitFor('client.started');
     console.log('up');
     await device.exited;`,
  );
  const run = spawn(process.execPath, [script], {
    stdio: ['ignore', 'pipe', 'inherit'],
    cwd: fileURLToPath(new URL('.', helper)),
  });
  await once(run.stdout, 'data');
  const device = descendants(run.pid ?? 0);
  assert.equal(device.length, 2);
  run.kill('SIGTERM');
  await once(run, 'exit');
  const isLeft = () => processes().some(({ pid }) => device.some((known) => known.pid === pid));
  // SIGKILL has been sent; the kernel takes its moment.
  for (let round = 0; round < 200 && isLeft(); round++) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.equal(isLeft(), false);
});

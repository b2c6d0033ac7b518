import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { chmod } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { readWav } from '../../src/pcm/wav.js';
import { answer, spokenTo } from '../helpers/gemitars-scripts.js';
import { emptyRoom, utter } from '../helpers/room.js';
import { concat, say, silence } from '../helpers/speech.js';
import { type Journaled, startSystemd, whyNoSystemd } from '../helpers/systemd.js';

const UNIT = readFileSync(resolve('systemd/tars-client.service'), 'utf8');
const MEMORY_MAX_MIB = Number(/^MemoryMax=(\d+)M$/m.exec(UNIT)?.[1]);
const PROBE = '/opt/tars-client/current/test/helpers/sandbox-probe.sh';
const HOTWORDS = resolve('..', 'shared', 'hotword');
const noModels = existsSync(HOTWORDS) ? false : `there are no models in ${HOTWORDS}`;
/** What the probe may do in the sandbox. */
const ALLOWED = ['StateDirectory', 'Tmp'];
/** ExecStopPost: SERVICE_RESULT says why systemd thinks that the service ended. */
const TELL_RESULT = 'ExecStopPost=/usr/bin/env';
const WATCHDOG_MS = 3_000;

const listens = ({ event, to }: Journaled) => event === 'state.changed' && to === 'listening';
const result = ({ msg }: Journaled) => String(msg).startsWith('SERVICE_RESULT=');
/** What the probe says that it could do, and what not. */
const probed = (text: string, verdict: 'done' | 'refused') =>
  [...text.matchAll(/probe: (\w+) (\w+)/g)].filter((match) => match[2] === verdict).map((match) => match[1] ?? '');

test('systemd/tars-client.service under the real systemd, as process 1 of its own namespaces', {
  skip: whyNoSystemd(),
}, async (whole) => {
  const { sound, server } = await emptyRoom(whole);
  const room = sound.env.XDG_RUNTIME_DIR ?? '';
  await chmod(room, 0o711);
  await server.start();
  const hook = ['/bin/sh', PROBE, room];
  const config = (hotword: string) =>
    `server = { url = "${server.url}" }\nlog = { level = "debug" }\nhooks = { on = { "session.ended" = ${JSON.stringify(hook)} } }\n${hotword}`;
  const systemd = await startSystemd(whole, {
    sound,
    config: config(''),
    secrets: { 'server-token': 'a-secret\n' },
    memoryMib: MEMORY_MAX_MIB,
  });

  await whole.test('it becomes ready, with its secrets, and answers who calls it', async () => {
    await systemd.edit(TELL_RESULT);
    await systemd.systemctl('start');
    assert.equal(await systemd.property('StatusText'), 'Listening for "hey tars"');
    assert.equal((await server.next('open')).headers?.authorization, 'Bearer a-secret');
    const [backend] = systemd.lines.filter(({ event }) => event === 'mic.ready').map((line) => line.backend);
    assert.equal(backend, 'naudiodon');

    const fromMs = performance.now();
    await sound.speak((await utter('what is the time')).sound);
    await server.next('hotword_detected');
    await spokenTo(server);
    const reply = await say('It is late.');
    await answer(server, reply, { speed: 3 });
    await sound.speaker.untilSound(fromMs, 1000, 1000);
    await server.endSession();
  });

  await whole.test('a program that it starts can do nothing that the unit forbids', async () => {
    await systemd.next('the end of the probe', ({ line, msg }) => /probe: over/.test(`${line} ${msg}`));
    const inside = JSON.stringify(systemd.lines);
    const outside = await systemd.run('sh', PROBE, room);
    // Otherwise the probe could not tell.
    assert.deepEqual(probed(outside, 'refused'), []);
    assert.deepEqual(probed(inside, 'done'), ALLOWED);
    assert.deepEqual([...ALLOWED, ...probed(inside, 'refused')], probed(outside, 'done'));
  });

  await whole.test(
    'openWakeWord, whose models lie in its state, hears too after a reload',
    { skip: noModels },
    async () => {
      await systemd.run('cp', '-r', join(HOTWORDS, 'models'), '/var/lib/tars-client/models');
      await systemd.configure(
        config(
          'hotword = { engine = "openwakeword", phrases = ["alexa"], openwakeword = { models = { alexa = "/var/lib/tars-client/models/alexa_v0.1.onnx" } } }',
        ),
      );
      const before = systemd.lines.length;
      await systemd.systemctl('reload');
      await systemd.next('listening again', listens, before);
      const { samples } = await readWav(join(HOTWORDS, 'clips/alexa_01.wav'));
      await sound.speak(concat(silence(1500), samples, silence(500)));
      await server.next('hotword_detected');
      assert.equal(server.all('open').length, 1);
      await server.endSession();
    },
  );

  await whole.test('one that stands still is ended in its time, and started again', async () => {
    await systemd.configure(config(''));
    await systemd.edit(`${TELL_RESULT}\nWatchdogSec=${WATCHDOG_MS}ms\nRestartSec=100ms`);
    await systemd.systemctl('restart');
    const before = systemd.lines.length;
    await systemd.systemctl('kill', '--signal=STOP', '--kill-whom=main');
    const stoppedAtMs = performance.now();
    assert.equal((await systemd.next('its end', result, before)).msg, 'SERVICE_RESULT=watchdog');
    const ms = performance.now() - stoppedAtMs;
    whole.diagnostic(`ended ${Math.round(ms)} ms after it stood still`);
    assert.ok(ms > WATCHDOG_MS / 2 && ms < 2 * WATCHDOG_MS, `${ms} ms`);
    await systemd.next('listening again', listens, before);
    assert.equal(await systemd.property('NRestarts'), '1');
  });

  await whole.test('a wrong configuration ends it for good, with 78', async () => {
    await systemd.configure('mic = { gain_db = "loud" }\n');
    await assert.rejects(systemd.systemctl('restart'));
    assert.equal(await systemd.property('ExecMainStatus'), '78');
    assert.equal(await systemd.property('ActiveState'), 'failed');
    await systemd.configure(config(''));
  });

  await whole.test('a sandbox without a set of system calls that it needs would be noticed', async () => {
    await systemd.edit('Restart=no\nSystemCallFilter=~@io-event');
    await assert.rejects(systemd.systemctl('start'));
    assert.equal(await systemd.property('ActiveState'), 'failed');
  });

  await whole.test('it stops as it should, and had memory enough', async () => {
    await systemd.edit(TELL_RESULT);
    await systemd.systemctl('start');
    const before = systemd.lines.length;
    await systemd.systemctl('stop');
    assert.equal((await systemd.next('its end', result, before)).msg, 'SERVICE_RESULT=success');
    whole.diagnostic(`at most ${Math.round(systemd.limit.peakMib)} MiB with systemd and page cache`);
    assert.equal(systemd.limit.killed, 0);
  });
});

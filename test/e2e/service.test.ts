import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Device, startDevice } from '../helpers/device.js';
import { blockEventLoop, DEBUGGABLE } from '../helpers/event-loop.js';
import { answer } from '../helpers/gemitars-scripts.js';
import { emptyRoom, furnish, utter } from '../helpers/room.js';
import { type ServiceManager, startServiceManager } from '../helpers/service-manager.js';
import { concat, say, silence } from '../helpers/speech.js';

const WATCHDOG_MS = 3_000;

describe('SIGHUP', () => {
  it('makes a changed configuration hold without a new connection, and keeps the old one where it has a mistake', async (test) => {
    const { sound, server, device } = await furnish(test);
    device.mark();
    await device.configure('[hotword]\nphrases = ["computer"]\n');
    device.signal('SIGHUP');
    const { phrases } = await device.waitFor('hotword.ready');
    assert.deepEqual(phrases, ['computer']);
    await device.waitForState('listening');
    await device.waitForText('the new configuration holds');

    device.mark();
    await device.configure('[hotword]\nphrases = 7\n');
    device.signal('SIGHUP');
    await device.waitForText('the configuration has a mistake; what was set before stays');

    await device.configure('[hotword]\nengine = "openwakeword"\nphrases = ["no such model"]\n');
    device.signal('SIGHUP');
    await device.waitForText('does not work; what was set before stays');
    await device.waitFor('hotword.ready');
    await device.waitForState('listening');

    await sound.speak(
      concat(silence(700), await say('computer'), silence(200), await say('are you there'), silence(400)),
    );
    await server.next('hotword_detected');
    await answer(server, await say('I am.'), { speed: 3 });
    assert.equal(server.all('open').length, 1);
    assert.equal(device.all('client.started').length, 1);
  });

  it('never ends a conversation, and leaves a muted device muted', async (test) => {
    const { sound, server, device } = await furnish(test);
    await sound.speak((await utter('what is the time')).sound);
    await server.next('hotword_detected');
    await device.configure('[session]\nsettle_ms = 250\n');
    device.mark();
    device.signal('SIGHUP');
    await answer(server, await say('It is late.'), { speed: 3 });
    assert.equal(device.all('session.ended').length, 0);
    await server.endSession();
    await device.waitForText('the new configuration holds');
    await device.waitForState('listening');
    // The engine has gone on, and its refractory time with it.
    await sound.speak((await utter('what is the time')).sound);
    await server.next('hotword_detected');
    await server.endSession();
    await device.waitForState('listening');

    device.signal('SIGURG');
    await device.waitForState('idle');
    await device.configure('[session]\nsettle_ms = 260\n');
    device.mark();
    device.signal('SIGHUP');
    await device.waitFor('hotword.ready');
    assert.equal(device.state, 'idle');
    assert.equal(
      device.children().some(({ command }) => command.includes('naudiodon')),
      false,
    );
    device.signal('SIGURG');
    await device.waitForState('listening');
    assert.equal(server.all('open').length, 1);
  });
});

describe('a service', () => {
  it('is ready when it listens, is watched, tells what it does, and says that it stops', async (test) => {
    const manager = await startServiceManager(test);
    const { sound, server } = await emptyRoom(test);
    await server.start();
    const device = await startDevice(test, {
      env: sound.env,
      flags: [`--server.url=${server.url}`, '--mic.backend=parecord', '--hotword.engine=none'],
      variables: { ...manager.variables, WATCHDOG_USEC: String(WATCHDOG_MS * 1000) },
    });

    await manager.next('READY');
    await assertReadyAfterAll(manager, device);
    await manager.next('STATUS', /^Waiting for a button or a key: there is no hotword engine$/);
    await manager.next('WATCHDOG');

    const from = manager.told.length;
    const askedUs = process.hrtime.bigint() / 1000n;
    device.signal('SIGHUP');
    const { fields } = await manager.next('RELOADING', /^1$/, { from });
    const toldUs = process.hrtime.bigint() / 1000n;
    const beganUs = BigInt(fields.MONOTONIC_USEC ?? 0);
    assert.ok(beganUs >= askedUs && beganUs <= toldUs, `reloading since ${beganUs} us, of ${askedUs} to ${toldUs} us`);
    await manager.next('READY', /^1$/, { from });

    // A chunk every 80 ms until now; the source that ends sends no more, and none can be opened.
    const endedAtMs = Date.now();
    await sound.kill();
    const fromHere = manager.told.length;
    await manager.next('STATUS', /^No microphone: /, { from: fromHere });
    await new Promise((resolve) => setTimeout(resolve, 1.5 * WATCHDOG_MS));
    const hungryMs = Date.now() - Math.max(...manager.timesOf('WATCHDOG'));
    assert.ok(hungryMs > WATCHDOG_MS, `fed ${Math.round(hungryMs)} ms ago, ${Date.now() - endedAtMs} ms without sound`);

    device.signal('SIGTERM');
    await manager.next('STOPPING');
    const { code } = await device.exited;
    assert.equal(code, 0);
  });

  it('is not ready as long as there is no microphone, asks for more time, and is ready when there is one', async (test) => {
    const manager = await startServiceManager(test);
    const { sound, server } = await emptyRoom(test);
    await server.start();
    await sound.unplug('mic');
    const device = await startDevice(test, {
      env: sound.env,
      flags: [`--server.url=${server.url}`, '--mic.backend=parecord'],
      variables: manager.variables,
    });

    await manager.next('EXTEND_TIMEOUT_USEC', /^\d+000000$/);
    await manager.next('STATUS', /^No microphone: /);
    // All else is there.
    await device.waitFor('hotword.ready');
    await device.waitFor('speaker.ready');
    await device.waitFor('link.up');
    assert.deepEqual(manager.timesOf('READY'), []);
    await sound.plug('mic');
    await manager.next('READY');
    await assertReadyAfterAll(manager, device);
  });

  it('is never ready where the engine cannot start', async (test) => {
    const manager = await startServiceManager(test);
    const { sound } = await emptyRoom(test);
    const device = await startDevice(test, {
      env: sound.env,
      flags: [
        '--mic.backend=parecord',
        '--hotword.engine=openwakeword',
        '--hotword.openwakeword.front_end_dir=/nowhere',
      ],
      variables: manager.variables,
    });
    const { code } = await device.exited;
    // The folder that the configuration names: systemd does not restart it.
    assert.equal(code, 78);
    await manager.next('STOPPING');
    assert.deepEqual(manager.timesOf('READY'), []);
  });

  it('is not fed while its event loop is blocked, though microphone and engine go on', async (test) => {
    const manager = await startServiceManager(test);
    const { sound, server } = await emptyRoom(test);
    await server.start();
    const device = await startDevice(test, {
      env: sound.env,
      flags: [`--server.url=${server.url}`, '--mic.backend=parecord'],
      variables: { ...manager.variables, ...DEBUGGABLE, WATCHDOG_USEC: String(WATCHDOG_MS * 1000) },
    });
    await manager.next('READY');
    await manager.next('WATCHDOG');

    const { fromMs, toMs } = await blockEventLoop(device, WATCHDOG_MS + 100);
    const meanwhile = manager.timesOf('WATCHDOG').filter((timeMs) => timeMs >= fromMs && timeMs < toMs);
    assert.deepEqual(meanwhile, []);
    assert.ok(toMs - fromMs > WATCHDOG_MS, 'systemd would have ended it');
    await manager.next('WATCHDOG', /^1$/, { from: manager.told.length });
  });
});

/** READY was sent once, and not before microphone and engine ran and the device listened. */
async function assertReadyAfterAll(manager: ServiceManager, device: Device): Promise<void> {
  // The log comes by another way than the word to the manager, and may come behind it.
  await device.waitForState('listening');
  const [readyAtMs = 0, ...more] = manager.timesOf('READY');
  assert.deepEqual(more, []);
  const listening = device.all('state.changed').filter(({ to }) => to === 'listening');
  for (const line of [...device.all('mic.ready'), ...device.all('hotword.ready'), ...listening]) {
    const early = Number(line.time) - readyAtMs;
    assert.ok(early <= 0, `READY ${early} ms before ${line.event} ${line.to ?? ''}`);
  }
  assert.ok(listening.length > 0 && device.all('mic.ready').length > 0 && device.all('hotword.ready').length > 0);
}

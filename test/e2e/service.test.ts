import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { startDevice } from '../helpers/device.js';
import { answer } from '../helpers/gemitars-scripts.js';
import { emptyRoom, furnish, utter } from '../helpers/room.js';
import { startServiceManager } from '../helpers/service-manager.js';
import { concat, say, silence } from '../helpers/speech.js';

const WATCHDOG_MS = 4_000;

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

    const { atMs: readyAtMs } = await manager.next('READY');
    const listening = await device.waitFor('state.changed', { where: ({ to }) => to === 'listening' });
    // The two ways are read by different streams of this process.
    assert.ok(readyAtMs > listening.atMs - 100, `READY ${listening.atMs - readyAtMs} ms before it listened`);
    await manager.next('STATUS', /^Waiting for a button or a key: there is no hotword engine$/);
    await manager.next('WATCHDOG');

    // A chunk every 80 ms until now; the source that ends sends no more, and none can be opened.
    await sound.kill();
    const fromHere = manager.told.length;
    await manager.next('STATUS', /^No microphone: /, { from: fromHere });
    await new Promise((resolve) => setTimeout(resolve, WATCHDOG_MS / 2));
    const hungryFrom = manager.told.length;
    await new Promise((resolve) => setTimeout(resolve, WATCHDOG_MS));
    assert.deepEqual(
      manager.told.slice(hungryFrom).filter(({ fields }) => 'WATCHDOG' in fields),
      [],
    );

    device.signal('SIGTERM');
    await manager.next('STOPPING');
    const { code } = await device.exited;
    assert.equal(code, 0);
  });
});

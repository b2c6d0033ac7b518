import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { startDevice } from '../helpers/device.js';
import { GemitarsServer } from '../helpers/gemitars-server.js';
import { startServiceManager } from '../helpers/service-manager.js';
import { VirtualSound } from '../helpers/virtual-sound.js';

const WATCHDOG_MS = 4_000;

describe('a service', () => {
  it('is ready when it listens, is watched, tells what it does, and says that it stops', async (test) => {
    const manager = await startServiceManager(test);
    const sound = new VirtualSound();
    const server = new GemitarsServer();
    test.after(async () => {
      await server.stop();
      await sound.close();
    });
    await sound.start();
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

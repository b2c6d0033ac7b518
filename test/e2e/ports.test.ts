import assert from 'node:assert/strict';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { describe, it, type TestContext } from 'node:test';
import { type Device, startDevice } from '../helpers/device.js';
import { GemitarsServer } from '../helpers/gemitars-server.js';

const LISTENING = '0A';
/** 127.0.0.1 and ::1 as /proc/net has them. */
const LOOPBACK = ['0100007F', '00000000000000000000000001000000'];

interface Listener {
  address: string;
  inode: string;
}

/** Every listening TCP socket of this machine. */
function listeners(): Listener[] {
  return ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((file) =>
    readFileSync(file, 'utf8')
      .split('\n')
      .slice(1)
      .map((line) => line.trim().split(/\s+/))
      .filter(([, , , state]) => state === LISTENING)
      .map(([, local = '', , , , , , , , inode = '']) => ({ address: local.split(':')[0] ?? '', inode })),
  );
}

/** The addresses that a device and its children listen on. */
function addressesOf(device: Device): string[] {
  const pids = [device.pid, ...device.children().map(({ pid }) => pid)];
  const sockets = new Set(pids.flatMap(socketsOf));
  return listeners()
    .filter(({ inode }) => sockets.has(inode))
    .map(({ address }) => address);
}

function socketsOf(pid: number): string[] {
  const folder = `/proc/${pid}/fd`;
  return readdirSync(folder).flatMap((fd) => {
    try {
      return /^socket:\[(\d+)\]$/.exec(readlinkSync(`${folder}/${fd}`))?.[1] ?? [];
    } catch {
      return []; // closed while it was looked at
    }
  });
}

async function start(test: TestContext, flags: readonly string[]): Promise<Device> {
  const device = await startDevice(test, {
    flags: ['--mic.backend=stdin', '--speaker.backend=file', '--speaker.device=reply.wav', ...flags],
  });
  await device.waitFor('link.up');
  return device;
}

describe('the ports of a device', () => {
  it('are none with a server of its own', async (test) => {
    const server = new GemitarsServer();
    test.after(() => server.stop());
    await server.start();
    assert.deepEqual(addressesOf(await start(test, [`--server.url=${server.url}`])), []);
  });

  it('are one on the loopback with the embedded assistant', async (test) => {
    const addresses = addressesOf(await start(test, []));
    assert.equal(addresses.length, 1, addresses.join());
    assert.ok(LOOPBACK.includes(addresses[0] ?? ''), addresses.join());
  });

  it('are one more on the loopback with the page, and a page that is wrong does not end the device', async (test) => {
    const server = new GemitarsServer();
    test.after(() => server.stop());
    await server.start();
    const flags = [`--server.url=${server.url}`, '--page.enabled'];
    const device = await start(test, [...flags, '--page.listen=127.0.0.1:0']);
    const addresses = addressesOf(device);
    assert.equal(addresses.length, 1, addresses.join());
    assert.ok(LOOPBACK.includes(addresses[0] ?? ''), addresses.join());
    const { url } = await device.waitFor('page.ready');
    const wrong = await start(test, [...flags, `--page.listen=${new URL(url).host}`]);
    assert.deepEqual(addressesOf(wrong), []);
    const why = wrong.lines.find(({ msg }) => msg === 'the status page is not served')?.why;
    assert.match(String(why), /page\.listen = .*another program listens there already/);
    const unasked = await start(test, [...flags, '--page.listen=0.0.0.0:0']);
    assert.deepEqual(addressesOf(unasked), []);
  });
});

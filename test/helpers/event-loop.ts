import { once } from 'node:events';
import { WebSocket } from 'ws';
import type { Device } from './device.js';

/** For `startDevice`: Node's debugger, which `blockEventLoop` asks for, takes a free port. */
export const DEBUGGABLE = { NODE_OPTIONS: '--inspect-port=127.0.0.1:0' };

/**
 * Blocks the event loop of a device for so long, as a call that does not return does: its children and threads go on. Through
 * Node's own debugger (SIGUSR1), so the program needs no back door. Resolves when the loop turns again, with when it was
 * blocked, on the scale of `Date.now()`.
 */
export async function blockEventLoop(device: Device, forMs: number): Promise<{ fromMs: number; toMs: number }> {
  device.signal('SIGUSR1');
  const [, url = ''] = await device.waitForError(/^Debugger listening on (ws:\/\/\S+)$/);
  const inspector = new WebSocket(url);
  await once(inspector, 'open');
  const expression = `{
    const fromMs = Date.now();
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ${forMs});
    ({ fromMs, toMs: Date.now() });
  }`;
  inspector.send(JSON.stringify({ id: 1, method: 'Runtime.evaluate', params: { expression, returnByValue: true } }));
  const [answer] = (await once(inspector, 'message')) as [Buffer];
  inspector.terminate();
  const { result } = JSON.parse(answer.toString()) as {
    result: { result: { value: { fromMs: number; toMs: number } } };
  };
  return result.result.value;
}

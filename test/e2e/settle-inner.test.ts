import assert from 'node:assert/strict';
import { it } from 'node:test';
import { serving } from '../helpers/gemitars-server.js';
import { startInnerDevice } from '../helpers/inner-device.js';
import { lagMs, numbered } from '../helpers/numbered.js';

const SETTLE_MS = 300;
/** A chunk of the file, and timers of a machine that does much else. */
const SLACK_MS = 150;

/** This process stands still. */
function standStill(ms: number): void {
  const untilMs = performance.now() + ms;
  while (performance.now() < untilMs);
}

for (const stillMs of [0, 700]) {
  it(`the microphone opens ${SETTLE_MS} ms after a reply where the program stands still for ${stillMs} ms`, async (test) => {
    const server = await serving(test);
    const device = await startInnerDevice(test, {
      settings: { 'server.url': server.url, 'cues.enabled': 'false', 'session.settle_ms': `${SETTLE_MS}` },
      heard: numbered(20_000),
    });
    await device.until(() => device.all('link.up').length > 0, 'link.up');
    device.talk();
    await device.until(() => device.all('session.started').length > 0, 'session.started');
    await server.reply(numbered(300));
    const completed = () => device.all('reply.completed').at(-1)?.atMs;
    await device.until(() => completed() !== undefined, 'reply.completed');
    standStill(stillMs);
    server.forget();
    const { pcm } = await server.next('audio');
    const playedMs = (completed() ?? 0) - (device.all('mic.ready').at(-1)?.atMs ?? 0);
    const lag = lagMs(pcm?.readInt16LE() ?? 0, playedMs);
    assert.ok(Math.abs(lag - SETTLE_MS) <= SLACK_MS, `it opened ${lag} ms after the reply`);
  });
}

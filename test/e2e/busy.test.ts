import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { answer } from '../helpers/gemitars-scripts.js';
import { LEADS } from '../helpers/leads.js';
import { furnish, type Room } from '../helpers/room.js';
import { say } from '../helpers/speech.js';
import { fakePrograms } from '../pcm/fake-program.js';

const BACK_WITHIN_MS = 3_000;

/**
 * A virtual sound server has no device that only one program may open. These stand in front of ALSA's programs, which they
 * become unless the file `busy` is there; then they say and do what ALSA's do when another program holds the device.
 */
const fakes = fakePrograms();
for (const name of ['aplay', 'arecord']) {
  const fails = `echo "${name}: main:831: audio open error: Device or resource busy" >&2; exit 1`;
  fakes.put(name, `[ -e "$folder/busy" ] && { ${fails}; }\nPATH=\${PATH#*:}\nexec ${name} "$@"`);
}
const take = () => writeFileSync(fakes.path('busy'), '');
const free = () => fakes.remove('busy');
const BUSY = { where: ({ why }: { why: string }) => why.includes('Device or resource busy') };

/** The next conversation begins within the refractory time of the hotword before. */
const BRISK = ['--cues.enabled=false', '--hotword.refractory_ms=500'];

/** A whole conversation that must work. */
async function converse(room: Room): Promise<void> {
  await LEADS.userTurn(room);
  await answer(room.server, await say('All is well.'));
}

describe('a device that another program holds', () => {
  it('is a loudspeaker that is lost with a reason, the server is told, and it is used when it is free', async (test) => {
    const room = await furnish(test, { flags: ['--speaker.backend=aplay', ...BRISK] });
    const { server, device } = room;
    await LEADS.userTurn(room);
    take();
    device.mark();
    const sending = server.reply(await say('Nobody will hear this.'));
    await device.waitFor('speaker.lost', BUSY);
    await server.next('playback_complete');
    await server.next('session_end');
    await sending;
    await device.waitForState('listening');
    free();
    await device.waitFor('speaker.ready', { timeoutMs: BACK_WITHIN_MS });
    assert.equal(server.all('playback_complete').length, 1);
    await converse(room);
  });

  it('is a microphone that is lost with a reason, and used when it is free', async (test) => {
    const room = await furnish(test, { flags: ['--mic.backend=arecord', ...BRISK] });
    const { device } = room;
    take();
    device.mark();
    const [recorder] = device.children().filter(({ command }) => command.includes('arecord '));
    assert.ok(recorder);
    process.kill(recorder.pid);
    await device.waitFor('mic.lost', BUSY);
    assert.equal(device.state, 'idle');
    free();
    await device.waitFor('mic.ready', { timeoutMs: BACK_WITHIN_MS });
    await device.waitForState('listening');
    await converse(room);
  });
});

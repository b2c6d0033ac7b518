import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { writeWav } from '../../src/pcm/wav-writer.js';
import { startDevice } from '../helpers/device.js';
import { RATE_HZ } from '../helpers/sound-tap.js';
import { whiteNoise } from '../helpers/synthetic-speech.js';
import { Terminal } from '../helpers/terminal.js';

const MAIN = fileURLToPath(new URL('../../src/main.js', import.meta.url));

/** Flags of a device without sound, engine or server of its own: noise of -30 dBFS from a file. */
async function flagsOf(test: TestContext): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'tars-terminal-'));
  test.after(() => rm(folder, { recursive: true }));
  const noise = join(folder, 'noise.wav');
  await writeWav(noise, whiteNoise(60_000, -30), RATE_HZ);
  return [
    ...['--mic.backend=file', `--mic.device=${noise}`],
    ...['--speaker.backend=file', `--speaker.device=${join(folder, 'out.wav')}`, '--hotword.engine=none'],
  ];
}

async function onTerminal(test: TestContext, columns: number, env: NodeJS.ProcessEnv = {}): Promise<Terminal> {
  const command = [process.execPath, MAIN, 'run', ...(await flagsOf(test))];
  const { NO_COLOR: _, ...inherited } = process.env;
  const terminal = new Terminal(columns, command, { ...inherited, LC_ALL: 'C.UTF-8', TERM: 'xterm', ...env });
  test.after(() => terminal.close());
  return terminal;
}

describe('npm start on a terminal', () => {
  it('shows one living line below the log, whatever the width; keys talk, mute and quit', async (test) => {
    const terminal = await onTerminal(test, 100);
    const { screen } = terminal;
    const line = await terminal.untilLine(/^● listening {2}link up {2}mic █+·*┃?·* -30 dB$/);
    assert.ok(screen.rows.some((row) => row.includes('hotword.ready')));
    assert.deepEqual(
      screen.rows.filter((row) => row.startsWith('●')),
      [line],
    );
    assert.ok(screen.raw.includes('\u001b[32m● listening'), 'colours');

    terminal.type('m');
    await terminal.untilLine(/^● muted {2}link up {2}mic ·+ {4}off$/);
    terminal.resize(25);
    await terminal.untilLine(/^● muted {2}······$/);
    terminal.type('m');
    await terminal.untilLine(/^● listening {2}█+┃?·+$/);
    terminal.resize(120);
    await terminal.untilLine(/^● listening {2}link up {2}mic █+·*┃?·* -30 dB$/);
    terminal.type(' ');
    await terminal.untilLine(/^● userTurn {2}/);
    terminal.type(' ');
    await terminal.untilLine(/^● listening {2}/);
    assert.equal(screen.rows.filter((row) => row.startsWith('●')).length, 1);

    terminal.type('q');
    assert.equal(await terminal.exited(), 0);
    assert.match(screen.rows.at(-1) ?? '', /client\.stopped/);
    assert.ok(!screen.rows.some((row) => row.startsWith('●')), 'the line is gone');
  });

  it('uses neither colours with NO_COLOR nor more than ASCII without UTF-8', async (test) => {
    const terminal = await onTerminal(test, 100, { NO_COLOR: '1', LC_ALL: 'C' });
    await terminal.untilLine(/^\* listening {2}link up {2}mic #+\.*\|?\.* -30 dB$/);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: what a terminal is told begins with one
    assert.doesNotMatch(terminal.screen.raw, /\u001b\[\d+m/);
    terminal.type('\u0003');
    assert.equal(await terminal.exited(), 0);
  });

  it('is JSON in a pipe, and no line', async (test) => {
    const device = await startDevice(test, { flags: await flagsOf(test) });
    await device.waitForState('listening');
    await device.stop();
    assert.deepEqual(device.strayLines, []);
    assert.equal(device.lines.at(-1)?.event, 'client.stopped');
  });
});

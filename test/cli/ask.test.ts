import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { describe, it } from 'node:test';
import { terminalAsk } from '../../src/cli/ask.js';

function terminal() {
  const input = Object.assign(new PassThrough(), { isTTY: true });
  const output = Object.assign(new PassThrough(), { isTTY: true });
  return { input, output };
}

describe('a question on the terminal', () => {
  for (const [typed, answer] of [
    ['y\n', true],
    [' YES \n', true],
    ['\n', false],
    ['yellow\n', false],
  ] as const) {
    it(`is ${answer} for ${JSON.stringify(typed)}`, async () => {
      const place = terminal();
      const asked = terminalAsk(new AbortController().signal, place)?.('Well? ');
      place.input.write(typed);
      assert.equal(await asked, answer);
      assert.equal(String(place.output.read()), 'Well? ');
    });
  }

  it('is answered with no by the end of the input', { timeout: 5_000 }, async () => {
    const place = terminal();
    const asked = terminalAsk(new AbortController().signal, place)?.('Well? ');
    place.input.end();
    assert.equal(await asked, false);
  });

  it('rejects when the program is stopped', async () => {
    const stop = new AbortController();
    const asked = terminalAsk(stop.signal, terminal())?.('Well? ');
    stop.abort();
    await assert.rejects(async () => asked, { name: 'AbortError' });
  });

  it('cannot be asked where there is no terminal', () => {
    const { input, output } = terminal();
    assert.equal(
      terminalAsk(new AbortController().signal, { input, output: Object.assign(output, { isTTY: false }) }),
      undefined,
    );
  });
});

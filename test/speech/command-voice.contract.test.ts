import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AudioError } from '../../src/errors.js';
import { makeVoice } from '../../src/speech/registry.js';

const HEADER = 'UklGRigAAABXQVZFZm10IBAAAAABAAEAgD4AAAB9AAACABAAZGF0YQQAAAABAAIA';
const voiceOf = (engine: string, command = '') => makeVoice({ engine, voice: '', command });
const never = new AbortController().signal;

describe('voices', () => {
  for (const engine of ['flite', 'espeak-ng', 'auto']) {
    it(`${engine} says a text from its standard input`, async () => {
      const short = await voiceOf(engine).say('hello', never);
      const long = await voiceOf(engine).say(
        `hello, this is "a longer" text; $(false) \`false\` -o /dev/null\nand more`,
        never,
      );
      assert.ok(
        short.samples.some((sample) => Math.abs(sample) > 1_000),
        'there is speech in it',
      );
      assert.ok(long.samples.length > short.samples.length * 2);
      assert.ok(short.rateHz >= 8_000);
    });
  }

  it('may be any command, which gets the text and writes a WAV', async () => {
    const { rateHz, samples } = await voiceOf('command', `grep -q '^hello$' && echo ${HEADER} | base64 -d`).say(
      'hello',
      never,
    );
    assert.deepEqual([rateHz, [...samples]], [16_000, [1, 2]]);
  });

  it('that fail say why and what to do', async () => {
    await assert.rejects(voiceOf('command', 'echo no model >&2; exit 3').say('hello', never), (error: unknown) => {
      assert.ok(error instanceof AudioError);
      assert.match(error.message, /code 3: no model; .*speech\.command/);
      return true;
    });
    await assert.rejects(voiceOf('command', 'echo this is no WAV').say('hello', never), /not a WAV/);
  });

  it('are ended with the signal, and what they started too', async () => {
    const abort = new AbortController();
    const startedMs = performance.now();
    const saying = voiceOf('command', 'sleep 60 | cat').say('hello', abort.signal);
    setImmediate(() => abort.abort());
    await assert.rejects(saying, /interrupted/);
    assert.ok(performance.now() - startedMs < 20_000);
  });
});

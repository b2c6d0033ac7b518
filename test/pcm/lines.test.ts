import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { finished } from 'node:stream/promises';
import { describe, it } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { followLines } from '../../src/pcm/lines.js';
import { heldBytes } from '../helpers/heap.js';

const LIMIT = 500;

/** The lines of what is printed piece by piece. */
async function linesOf(...pieces: readonly (string | Uint8Array)[]): Promise<string[]> {
  const stream = new PassThrough();
  const lines: string[] = [];
  followLines(stream, (line) => lines.push(line));
  for (const piece of pieces) stream.write(piece);
  stream.end();
  await finished(stream);
  return lines;
}

describe('the lines that a program prints', () => {
  it('are told one by one however they arrive, the last one also without its end', async () => {
    assert.deepEqual(await linesOf('on', 'e\ntwo\nth', 'ree'), ['one', 'two', 'three']);
    assert.deepEqual(await linesOf('one\n'), ['one']);
    assert.deepEqual(await linesOf(), []);
  });

  it('are told without the space around them, and not where there is nothing else', async () => {
    assert.deepEqual(await linesOf('\n  one\r\n', '\n\t\n', ' two \n \n'), ['one', 'two']);
  });

  it('keep a letter together that is cut in two on its way', async () => {
    const bytes = Buffer.from('Gerät nicht verfügbar\n');
    const at = bytes.indexOf('ä') + 1;
    assert.deepEqual(await linesOf(bytes.subarray(0, at), bytes.subarray(at)), ['Gerät nicht verfügbar']);
  });

  it('are told of at most so many characters, also where they never end, and the next ones are whole', async () => {
    const long = 'x'.repeat(LIMIT * 3);
    for (const pieces of [[`${long}\nnext\n`], [long, long, '\nnext'], [long, `${long}\nnext\n`]]) {
      const [first = '', ...others] = await linesOf(...pieces);
      assert.equal(first.length, LIMIT);
      assert.deepEqual(others, ['next']);
    }
  });

  it('are not kept where they never end', async () => {
    const stream = new PassThrough();
    const lines: string[] = [];
    followLines(stream, (line) => lines.push(line));
    const before = heldBytes();
    const pieces = 64;
    for (let piece = 0; piece < pieces; piece++) {
      stream.write('x'.repeat(2 ** 16));
      await nextTurn();
    }
    const held = heldBytes() - before;
    assert.ok(held < (pieces / 8) * 2 ** 16, `${held} bytes`);
    stream.end();
    await finished(stream);
    assert.equal(lines.length, 1);
  });
});

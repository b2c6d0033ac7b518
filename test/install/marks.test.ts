import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';

const MARK = /\[test\]|\[not run\]/;
const COMMAND =
  /`((sudo|apt-get|node|npm|arecord|systemctl|journalctl|gpioinfo|tars-client|install\.sh|\.?\/?setup\.sh) [^`]+)`/;

describe('systemd/README.md', () => {
  it('says of every command whether it was run', () => {
    // A table's row and a line of commands speak for themselves, the lines of a paragraph together.
    const pieces = readFileSync('systemd/README.md', 'utf8').split(/\n\n|\n(?=\||- | {4})/);
    const commands = pieces.filter((piece) => /^ {4}\S/.test(piece) || COMMAND.test(piece));
    assert.ok(commands.length > 20);
    assert.deepEqual(
      commands.filter((piece) => !MARK.test(piece)),
      [],
    );
  });
});

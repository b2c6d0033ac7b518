import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { describe, it } from 'node:test';
import { Screen } from '../../src/cli/screen.js';
import { TerminalScreen } from '../helpers/terminal-screen.js';

function terminal(columns: number) {
  const seen = new TerminalScreen(columns);
  // As the kernel's terminal driver does.
  const write = (text: string) => seen.write(text.replaceAll('\n', '\r\n'));
  const stream = Object.assign(new EventEmitter(), { columns, write });
  return {
    seen,
    screen: new Screen(stream),
    resize: (to: number) => {
      stream.columns = to;
      seen.resize(to);
      stream.emit('resize');
    },
  };
}

describe('a screen with a living line', () => {
  it('prints above the line, which stays the last one', () => {
    const { seen, screen } = terminal(40);
    screen.print('first\n');
    screen.show('alive 1');
    screen.print('second\n');
    screen.show('alive 2');
    screen.print('third\nfourth\n');
    assert.deepEqual(seen.rows, ['first', 'second', 'third', 'fourth', 'alive 2']);
    assert.equal(seen.line, 'alive 2');
  });

  it('writes nothing for a line that is the same', () => {
    const { seen, screen } = terminal(40);
    screen.show('alive');
    const before = seen.raw;
    screen.show('alive');
    assert.equal(seen.raw, before);
  });

  it('has the usual width on a terminal that tells none, and is not drawn for ever where nothing fits', () => {
    const { screen } = terminal(0);
    assert.equal(screen.columns, 80);
    const narrow = terminal(1);
    narrow.screen.show('');
    const before = narrow.seen.raw;
    narrow.screen.show('');
    assert.equal(narrow.seen.raw, before);
    narrow.resize(0);
    narrow.screen.close();
  });

  it('goes away and prints on', () => {
    const { seen, screen } = terminal(40);
    screen.show('alive');
    screen.close();
    screen.close();
    screen.show('late');
    screen.print('last words\n');
    assert.deepEqual(seen.rows, ['last words']);
  });

  it('is drawn once on a terminal that becomes wider, narrower, and wider again', () => {
    const { seen, screen, resize } = terminal(40);
    screen.show('a line of 30 characters here..');
    resize(80);
    screen.show('a line of 30 characters here..');
    assert.deepEqual(seen.rows, ['a line of 30 characters here..']);
    resize(20);
    screen.show('a line of 19 here..');
    screen.print('log\n');
    resize(60);
    screen.show('alive');
    assert.deepEqual(seen.rows, ['log', 'alive']);
  });
});

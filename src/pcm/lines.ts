import type { Readable } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';

const LINE_LIMIT = 500; // characters

/**
 * Hands on what a program prints, line by line, without empty ones and without what is for a terminal: of a long line at most
 * 500 characters. Holds no more than that of one that does not end. A line that is written over counts as one.
 */
export function followLines(stream: Readable | null, tell: (line: string) => void): void {
  let rest = '';
  const pass = (line: string) => {
    const text = stripVTControlCharacters(line).trim().slice(0, LINE_LIMIT);
    if (text !== '') tell(text);
  };
  stream?.setEncoding('utf8');
  stream?.on('data', (text: string) => {
    const lines = (rest + text).split(/[\r\n]/);
    rest = (lines.pop() ?? '').slice(-LINE_LIMIT);
    lines.forEach(pass);
  });
  stream?.on('end', () => pass(rest));
}

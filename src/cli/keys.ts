import type { App } from '../app.js';

// CSI and SS3 sequences of ECMA-48, Alt with a key, and Escape alone.
const ESCAPE_SEQUENCES = new RegExp(`${'\u001b'}(?:\\[[0-?]*[ -/]*[@-~]|O[ -~]|[^[O]|$)`, 'gu');

/**
 * The keys of a terminal: space starts or ends a conversation, m mutes, w calls `save`, q and Ctrl-C end the program. Does
 * nothing where standard input is not a terminal. The returned function gives the terminal back.
 */
export function watchKeys(app: () => App, save: () => void): () => void {
  const { stdin } = process;
  if (stdin.isTTY !== true) return () => undefined;
  const onData = (text: string) => {
    for (const key of keysOf(text)) onKey(key);
  };
  const onKey = (key: string) => {
    if (key === ' ') app().talkOrStop();
    else if (key === 'm') app().toggleMute();
    else if (key === 'w') save();
    else if (key === 'q' || key === '\u0003') process.kill(process.pid, 'SIGINT');
  };
  stdin.setRawMode(true);
  stdin.setEncoding('utf8');
  stdin.on('data', onData);
  stdin.resume();
  return () => {
    stdin.off('data', onData);
    stdin.setRawMode(false);
    stdin.pause();
  };
}

/** The keys in what a terminal sent at once: several where they came fast, none for what begins with Escape, such as an arrow. */
export function keysOf(text: string): string[] {
  return [...text.replace(ESCAPE_SEQUENCES, '')];
}

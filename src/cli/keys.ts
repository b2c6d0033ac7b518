import type { App } from '../app.js';

/**
 * The keys of a terminal: space starts or ends a conversation, m mutes, w calls `save`, q and Ctrl-C end the program. Does
 * nothing where standard input is not a terminal. The returned function gives the terminal back.
 */
export function watchKeys(app: () => App, save: () => void): () => void {
  const { stdin } = process;
  if (stdin.isTTY !== true) return () => undefined;
  const onKey = (key: string) => {
    if (key === ' ') app().talkOrStop();
    else if (key === 'm') app().toggleMute();
    else if (key === 'w') save();
    else if (key === 'q' || key === '\u0003') process.kill(process.pid, 'SIGINT');
  };
  stdin.setRawMode(true);
  stdin.setEncoding('utf8');
  stdin.on('data', onKey);
  stdin.resume();
  return () => {
    stdin.off('data', onKey);
    stdin.setRawMode(false);
    stdin.pause();
  };
}

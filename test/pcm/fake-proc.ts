import fs, { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after } from 'node:test';

/** The status of an open device, as Linux 6.1 writes it. */
export const heldBy = (pid: number) => `state: RUNNING\nowner_pid   : ${pid}\ntrigger_time: 95.13\ndelay       : 512\n`;

/** A folder that is like /proc as far as these files go; it goes away with the test, or with the tests of the file. */
export function fakeProc(files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(join(tmpdir(), 'tars-proc-'));
  after(() => rmSync(root, { recursive: true }));
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }
  return root;
}

/**
 * Lets this process read these files in the place of what /proc has of the sound cards and of these processes: which card is
 * held, and by whom, is nothing that a test can make true. The answer ends that, and so does the end of the test, or of the tests
 * of the file.
 */
export function replaceProc(files: Readonly<Record<string, string>>): () => void {
  const root = fakeProc(files);
  const replaced = [...new Set(Object.keys(files).map((path) => `/proc/${path.split('/')[0]}`))];
  const placeOf = (path: unknown) =>
    typeof path === 'string' && replaced.some((folder) => path === folder || path.startsWith(`${folder}/`))
      ? join(root, path.slice('/proc'.length))
      : path;
  const { readdirSync, readFileSync } = fs;
  const put = (functions: object) => {
    Object.assign(fs, functions);
    syncBuiltinESMExports();
  };
  put({
    readdirSync: (path: unknown, ...rest: unknown[]) => Reflect.apply(readdirSync, fs, [placeOf(path), ...rest]),
    readFileSync: (path: unknown, ...rest: unknown[]) => Reflect.apply(readFileSync, fs, [placeOf(path), ...rest]),
  });
  const putBack = () => put({ readdirSync, readFileSync });
  after(putBack);
  return putBack;
}

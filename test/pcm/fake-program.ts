import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { after } from 'node:test';

/** Programs that stand in for real ones of the same names, for the tests of this file; made by `fakePrograms`. */
export interface FakePrograms {
  /** The path of a file in the folder of the programs. */
  path(name: string): string;
  /** Puts a shell script in the place of a program; `$folder` in it is the folder of the programs. */
  put(name: string, script: string): void;
  /** Removes a file of the folder, if it is there. */
  remove(name: string): void;
}

/** A recorder's script: it hands on silence without an end. */
export const RECORDS_SILENCE = 'while :; do head -c 1280 /dev/zero; sleep 0.02; done';

/** A folder in front of this process's PATH; it goes away with the tests of the file. */
export function fakePrograms(): FakePrograms {
  const folder = mkdtempSync(join(tmpdir(), 'tars-fake-'));
  process.env.PATH = `${folder}${delimiter}${process.env.PATH}`;
  after(() => rmSync(folder, { recursive: true }));
  return {
    path: (name) => join(folder, name),
    put: (name, script) => {
      writeFileSync(join(folder, name), `#!/bin/sh\nfolder='${folder}'\n${script}\n`);
      chmodSync(join(folder, name), 0o755);
    },
    remove: (name) => rmSync(join(folder, name), { force: true }),
  };
}

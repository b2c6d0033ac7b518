import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { pino } from 'pino';
import { clearJackDatabase } from '../../src/mic/jack-database.js';

const log = pino({ level: 'silent' });

/** A machine whose user 7 has such a database, and whose process 42 has these files in its memory. */
function machine(test: TestContext, files: (folder: string) => string) {
  const root = mkdtempSync(join(tmpdir(), 'tars-jack-'));
  test.after(() => rmSync(root, { recursive: true }));
  const places = { memory: join(root, 'shm'), processes: join(root, 'proc'), userId: 7 };
  const folder = join(places.memory, 'jack_db-7');
  for (const path of [folder, join(places.memory, 'jack_db-70'), join(places.processes, '42')]) {
    mkdirSync(path, { recursive: true });
  }
  writeFileSync(join(folder, '__db.001'), 'x');
  const maps = `7f1 rw-s 00000000 00:1a 5 ${files(folder)}\n7f2 r-xp 00000000 08:01 9 /lib/libc.so.6\n`;
  writeFileSync(join(places.processes, '42', 'maps'), maps);
  return { places, folder };
}

describe("JACK's database", () => {
  it('is removed where nobody has it open, and no other with it', (test) => {
    const { places, folder } = machine(test, (own) => `${own}0/__db.001`);
    assert.equal(clearJackDatabase(log, places), true);
    assert.deepEqual([existsSync(folder), existsSync(`${folder}0`)], [false, true]);
    assert.equal(clearJackDatabase(log, places), false, 'there is none any more');
  });

  it('is left to whoever has it open', (test) => {
    const { places, folder } = machine(test, (own) => `${own}/__db.001`);
    assert.equal(clearJackDatabase(log, places), false);
    assert.equal(existsSync(folder), true);
  });
});

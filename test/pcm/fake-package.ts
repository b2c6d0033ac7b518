import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';

/**
 * Lets modules stand in for packages that are required by the Node programs which this process starts, for the tests of the
 * file: answers with what puts one in the place of a package, by its CommonJS text.
 */
export function fakePackages(): (name: string, source: string) => void {
  const { NODE_OPTIONS } = process.env;
  const folder = mkdtempSync(join(tmpdir(), 'tars-package-'));
  const preload = join(folder, 'preload.cjs');
  const places = new Map<string, string>();
  process.env.NODE_OPTIONS = `${NODE_OPTIONS ?? ''} --require=${preload}`;
  after(() => {
    if (NODE_OPTIONS === undefined) delete process.env.NODE_OPTIONS;
    else process.env.NODE_OPTIONS = NODE_OPTIONS;
    rmSync(folder, { recursive: true });
  });
  return (name, source) => {
    const place = join(folder, `${name}.cjs`);
    writeFileSync(place, source);
    places.set(name, place);
    writeFileSync(
      preload,
      `const Module = require('node:module');
      const places = new Map(${JSON.stringify([...places])});
      const resolve = Module._resolveFilename;
      Module._resolveFilename = (name, ...rest) => places.get(name) ?? resolve(name, ...rest);`,
    );
  };
}

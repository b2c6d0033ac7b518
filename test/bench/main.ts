import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { FIGURES_FILE, type Figure } from './figures.js';
import { jsonOf, markdownOf, thisMachine } from './table.js';

// npm run bench [-- NAME… --client COMMAND --hotword tone|PHRASE --json FILE]: the benches, and one table of what they found.

const FOLDER = fileURLToPath(new URL('.', import.meta.url));
const ENDING = '.bench.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { client: { type: 'string' }, hotword: { type: 'string' }, json: { type: 'string' } },
});
const benches = readdirSync(FOLDER)
  .filter((file) => file.endsWith(ENDING))
  .map((file) => basename(file, ENDING))
  .filter((name) => positionals.length === 0 || positionals.some((wanted) => `${name}.bench`.includes(wanted)));
if (benches.length === 0) {
  process.stderr.write(`no bench is named like ${positionals.join(' or ')}\n`);
  process.exit(64);
}

const machine = thisMachine();
const folder = mkdtempSync(join(tmpdir(), 'tars-figures-'));
const figuresFile = join(folder, 'figures');
writeFileSync(figuresFile, '');
const failed: string[] = [];
for (const name of benches) {
  process.stdout.write(`${name}\n`);
  const env = {
    ...process.env,
    [FIGURES_FILE]: figuresFile,
    ...(values.client && { BENCH_CLIENT: values.client }),
    ...(values.hotword && { BENCH_HOTWORD: values.hotword }),
  };
  const child = spawn(process.execPath, ['--enable-source-maps', join(FOLDER, `${name}${ENDING}`)], {
    env,
    stdio: 'inherit',
  });
  const [code] = await once(child, 'exit');
  if (code !== 0) failed.push(name);
}
const figures = readFileSync(figuresFile, 'utf8')
  .split('\n')
  .filter((line) => line !== '')
  .map((line): Figure => JSON.parse(line));
rmSync(folder, { recursive: true });
process.stdout.write(`\n${markdownOf(figures, machine)}`);
if (values.json) writeFileSync(values.json, jsonOf(figures, machine));
if (failed.length > 0) process.stderr.write(`failed: ${failed.join(', ')}\n`);
process.exit(failed.length > 0 ? 1 : 0);

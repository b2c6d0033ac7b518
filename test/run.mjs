// Builds if needed and runs one kind of tests: node test/run.mjs unit|contract|e2e|install [name filter…], or bench|soak [option…]
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { getPriority, setPriority } from 'node:os';
import { basename, delimiter, dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const DIST = join(ROOT, 'dist');
const PROGRAMS = ['pulseaudio', 'pactl', 'pacat', 'parec', 'arecord', 'aplay', 'flite'];

const isContract = (file) => file.endsWith('.contract.test.js');
const isEndToEnd = (file) => file.startsWith(join('test', 'e2e') + sep);
const isInstallation = (file) => file.startsWith(join('test', 'install') + sep);
const isTest = (file) => file.endsWith('.test.js');
/** Where the virtual sound may go before everything else, as a sound card does, a busier machine leaves no gaps in it. */
const soundGoesFirst = mayGoFirst();
/** Count every sample of a loudspeaker or a microphone: a machine that is too busy leaves gaps in its virtual sound. */
const EXACT = ['barge-in', 'conversations', 'echo-cancel', 'glasses', 'replies', 'server', 'sound'];
const isExact = (file) => EXACT.includes(basename(file, '.test.js'));

// Node runs one file less at a time than there are cores; these tests wait more than they compute.
// Node 20 applies --test-timeout to a file as a whole; a test that needs a limit of its own says so in its options.
const KINDS = {
  unit: {
    takes: (file) => isTest(file) && !isContract(file) && !isEndToEnd(file) && !isInstallation(file),
    flags: ['--test-concurrency=4', '--test-timeout=120000'],
  },
  contract: {
    takes: (file) => isContract(file) && !isEndToEnd(file),
    flags: [`--test-concurrency=${soundGoesFirst ? 4 : 2}`, '--test-timeout=300000'],
    needs: PROGRAMS,
  },
  e2e: {
    takes: (file) => isTest(file) && isEndToEnd(file),
    flags: ['--test-timeout=900000'],
    lanes: (file) => (isExact(file) ? 2 : 3) + (soundGoesFirst ? 2 : 0),
    needs: PROGRAMS,
  },
  // In a Debian root, as root: minutes, so not part of `npm test`.
  install: {
    takes: (file) => isTest(file) && isInstallation(file),
    flags: ['--test-concurrency=1', '--test-timeout=1200000'],
  },
  // Programs of their own: what follows the kind is for them.
  bench: { program: join('test', 'bench', 'main.js'), needs: PROGRAMS },
  soak: { program: join('test', 'soak', 'main.js'), needs: PROGRAMS },
};

process.exit(main(process.argv[2], process.argv.slice(3)));

function main(name, filters) {
  const kind = Object.hasOwn(KINDS, name ?? '') ? KINDS[name] : undefined;
  if (!kind) return fail(`usage: node test/run.mjs ${Object.keys(KINDS).join('|')} [name filter…]`, 64);
  const missing = (kind.needs ?? []).filter((program) => !isOnPath(program));
  if (missing.length > 0) return fail(`${name} tests need ${missing.join(', ')}: run ./setup.sh --test`, 1);
  const built = build();
  if (built !== 0) return built;
  if (kind.program) return run(process.execPath, ['--enable-source-maps', join(DIST, kind.program), ...filters]);

  const files = filesUnder(join(DIST, 'test'))
    .map((file) => relative(DIST, file))
    .filter((file) => kind.takes(file) && isCurrent(file))
    .filter((file) => filters.length === 0 || filters.some((filter) => file.includes(filter)))
    .sort()
    .map((file) => join('dist', file));
  if (files.length === 0) {
    return filters.length > 0 ? fail(`no ${name} test is named like ${filters.join(' or ')}`, 1) : 0;
  }
  if (kind.lanes) return inLanes(kind, files);
  return run(process.execPath, ['--enable-source-maps', '--test', ...kind.flags, ...files]);
}

/** Runs the files that bear company as many at a time as they do, one company after the other. */
function inLanes({ flags, lanes }, files) {
  const codes = [...new Set(files.map(lanes))].sort().map((count) => {
    const company = files.filter((file) => lanes(file) === count);
    return run(process.execPath, [
      '--enable-source-maps',
      '--test',
      `--test-concurrency=${count}`,
      ...flags,
      ...company,
    ]);
  });
  return codes.find((code) => code !== 0) ?? 0;
}

function build() {
  const stamp = join(DIST, '.built');
  const builtAtMs = existsSync(stamp) ? statSync(stamp).mtimeMs : 0;
  const settings = ['package.json', 'tsconfig.json'].map((file) => join(ROOT, file));
  const sources = [...filesUnder(join(ROOT, 'src')), ...filesUnder(join(ROOT, 'test')), ...settings];
  if (sources.every((file) => statSync(file).mtimeMs <= builtAtMs)) return 0;
  return run('npm', ['run', '--silent', 'build']);
}

/** A source that was removed or renamed leaves its old output behind. */
function isCurrent(file) {
  return existsSync(join(ROOT, file.replace(/\.js$/, '.ts')));
}

function filesUnder(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name));
}

/** True where this process may raise its priority, and so PulseAudio may raise its own. */
function mayGoFirst() {
  const usual = getPriority();
  try {
    setPriority(usual - 1);
    setPriority(usual);
    return true;
  } catch {
    return false;
  }
}

function isOnPath(program) {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => existsSync(join(folder, program)));
}

function run(command, args) {
  const { status, error } = spawnSync(command, args, { cwd: ROOT, stdio: 'inherit' });
  if (error) return fail(`${command}: ${error.message}`, 1);
  return status ?? 1;
}

function fail(message, code) {
  process.stderr.write(`${message}\n`);
  return code;
}

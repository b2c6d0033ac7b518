import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parseArguments } from '../../src/cli/arguments.js';
import { COMMANDS, helpText } from '../../src/cli/commands.js';
import { UsageError } from '../../src/errors.js';

const parse = (line: string) => parseArguments(line.split(' ').filter((word) => word !== ''));

test('no arguments: run, and nothing else', () => {
  assert.deepEqual(parse(''), {
    command: 'run',
    flags: new Map(),
    configFile: undefined,
    options: new Map(),
    positionals: [],
    help: false,
    version: false,
  });
});

for (const [line, flags] of [
  ['--server.url ws://h', { 'server.url': 'ws://h' }],
  ['--server.url=ws://h?a=b', { 'server.url': 'ws://h?a=b' }],
  ['--server.url=', { 'server.url': '' }],
  ['--mic.gain_db -6', { 'mic.gain_db': '-6' }],
  ['--mic.device -', { 'mic.device': '-' }],
  ['--cues.enabled', { 'cues.enabled': true }],
  ['--cues.enabled=false', { 'cues.enabled': 'false' }],
  ['--cues.enabled false', { 'cues.enabled': 'false' }],
  ['--cues.enabled true run', { 'cues.enabled': 'true' }],
  ['--cues.enabled run', { 'cues.enabled': true }],
  ['run --log.level debug --log.level warn', { 'log.level': 'warn' }],
  ['--page.enabled --log.level debug', { 'page.enabled': true, 'log.level': 'debug' }],
] as const) {
  test(`flags: ${line}`, () => {
    const parsed = parse(line);
    assert.deepEqual(Object.fromEntries(parsed.flags), flags);
    assert.equal(parsed.command, 'run');
    assert.deepEqual(parsed.positionals, []);
  });
}

test('the command may stand behind flags', () => {
  assert.equal(parse('--server.url ws://h config').command, 'config');
});

test('npm start -- COMMAND is that command, and npm start alone the device', () => {
  const file = new URL('../../../package.json', import.meta.url);
  const { scripts } = JSON.parse(readFileSync(file, 'utf8')) as { scripts: { start: string } };
  const given = /^node (?:--\S+ )*dist\/src\/main\.js(.*)$/.exec(scripts.start)?.[1];
  assert.ok(given !== undefined, scripts.start);
  assert.equal(parse(given).command, 'run');
  assert.equal(parse(`${given} --server.url ws://h`).command, 'run');
  for (const command of ['doctor', 'devices', 'config', 'hotword a.wav', 'models download', 'assistant']) {
    assert.equal(parse(`${given} ${command}`).command, command.split(' ')[0]);
  }
});

test('--config names the file, both ways', () => {
  assert.equal(parse('--config a.toml').configFile, 'a.toml');
  assert.equal(parse('config --config=b.toml').configFile, 'b.toml');
});

test('--help and --version, also beside things that would be wrong without them', () => {
  assert.equal(parse('--help').help, true);
  assert.equal(parse('hotword -h').help, true);
  assert.equal(parse('help').help, true);
  assert.equal(parse('help hotword').help, true);
  assert.equal(parse('--version').version, true);
});

test('positionals are what follows the command', () => {
  assert.deepEqual(parse('hotword a.wav --log.level debug b.wav').positionals, ['a.wav', 'b.wav']);
  assert.deepEqual(parse('hotword -- --odd-name.wav -').positionals, ['--odd-name.wav', '-']);
});

const NAMES = Object.keys(COMMANDS).join(', ');

test('options of a command', () => {
  const { options, flags } = parse('assistant --port 8000 --host=::1');
  assert.deepEqual(Object.fromEntries(options), { port: '8000', host: '::1' });
  assert.equal(flags.size, 0);
});

for (const [line, message] of [
  ['rnu', `no command "rnu"; did you mean run? (there are ${NAMES})`],
  ['xyzzy', `no command "xyzzy" (there are ${NAMES})`],
  ['constructor', `no command "constructor" (there are ${NAMES})`],
  ['--server.ulr hush', 'no option --server.ulr; did you mean --server.url? (tars-client --help lists them)'],
  [
    '--server.token=hush',
    'no option --server.token; did you mean --server.token_file? (tars-client --help lists them)',
  ],
  ['--url hush', 'no option --url; did you mean --server.url? (tars-client --help lists them)'],
  ['--xyzzy', 'no option --xyzzy (tars-client --help lists them)'],
  ['--confg x', 'no option --confg; did you mean --config? (tars-client --help lists them)'],
  ['-x', 'no option -x (tars-client --help lists them)'],
  ['--server', 'no option --server (tars-client --help lists them)'],
  ['--server.url', '--server.url needs a value behind it: a ws:// or wss:// address, or "" for the embedded assistant'],
  [
    '--log.level --page.enabled',
    '--log.level needs a value behind it: one of "trace", "debug", "info", "warn", "error", "fatal", "silent"',
  ],
  ['--config', '--config needs a value behind it'],
  ['--help=yes', '--help takes no value'],
  ['--port 3', 'the command run has no option --port; see tars-client --help'],
  ['config extra', 'the command config takes no arguments, and got "extra"'],
  ['run a b', 'the command run takes no arguments, and got "a b"'],
  ['hotword', 'the command hotword needs arguments: tars-client hotword FILE…'],
  ['hotword --tune', 'the command hotword needs arguments: tars-client hotword --tune DIR DIR'],
] as const) {
  test(`refused: ${line}`, () => {
    assert.throws(
      () => parse(line),
      (error) => {
        assert.ok(error instanceof UsageError);
        assert.equal(error.message, message);
        return true;
      },
    );
  });
}

test('the help names every command and fits a terminal', () => {
  const lines = helpText().split('\n');
  for (const name of Object.keys(COMMANDS))
    assert.ok(
      lines.some((line) => line.startsWith(`  ${name} `)),
      name,
    );
  for (const line of lines) assert.ok(line.length <= 120, line);
  assert.ok(lines.some((line) => line.includes('--tune DIR DIR')));
  assert.match(helpText(), /npm start -- /);
});

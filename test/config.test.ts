import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { type ConfigSources, type LoadedConfig, loadConfig } from '../src/config.js';
import { ConfigError } from '../src/errors.js';

const folder = mkdtempSync(join(tmpdir(), 'tars-config-'));
after(() => rmSync(folder, { recursive: true }));

let count = 0;
function fileWith(toml: string): string {
  count += 1;
  const file = join(folder, `${count}.toml`);
  writeFileSync(file, toml);
  return file;
}

interface Given extends Partial<Omit<ConfigSources, 'flags'>> {
  toml?: string;
  flags?: Record<string, string | true>;
}

function load({ toml, flags = {}, env = {}, ...rest }: Given): LoadedConfig {
  return loadConfig({
    systemFile: join(folder, 'absent.toml'),
    cwd: '/work-folder',
    ...(toml === undefined ? {} : { configFile: fileWith(toml) }),
    ...rest,
    env: { HOME: '/home/jo', ...env },
    flags: new Map(Object.entries(flags)),
  });
}

function problemsOf(given: Given): string[] {
  try {
    load(given);
  } catch (error) {
    if (error instanceof ConfigError) return error.message.split('\n');
    throw error;
  }
  return [];
}

const lastFile = () => join(folder, `${count}.toml`);

test('without any source the defaults hold', () => {
  const { config, origins, files } = load({});
  assert.equal(files.length, 1);
  assert.deepEqual(new Set(origins.values()), new Set(files));
  assert.equal(config.server.url, '');
  assert.deepEqual(config.hotword.phrases, ['hey tars']);
  assert.equal(config.hotword.pocketsphinx.threshold, 1e-25);
  assert.deepEqual(config.session, {
    pre_roll_ms: 500,
    connect_grace_ms: 3000,
    turn_limit_ms: 60000,
    idle_limit_ms: 30000,
    reply_stall_ms: 8000,
    reply_limit_ms: 300000,
    settle_ms: 300,
    barge_in: 'hotword',
  });
});

test('a file wins over the defaults, the environment over the file, a flag over all', () => {
  const sources = {
    toml: '[speaker]\nvolume = 0.1\nprebuffer_ms = 1\nlead_in_ms = 1\n',
    env: { TARS_SPEAKER_PREBUFFER_MS: '2', TARS_SPEAKER_LEAD_IN_MS: '2' },
    flags: { 'speaker.lead_in_ms': '3' },
  };
  const { config, origins } = load(sources);
  const { volume, prebuffer_ms, lead_in_ms } = config.speaker;
  assert.deepEqual({ volume, prebuffer_ms, lead_in_ms }, { volume: 0.1, prebuffer_ms: 2, lead_in_ms: 3 });
  assert.equal(origins.get('speaker.volume'), lastFile());
  assert.equal(origins.get('speaker.prebuffer_ms'), 'environment TARS_SPEAKER_PREBUFFER_MS');
  assert.equal(origins.get('speaker.lead_in_ms'), 'flag --speaker.lead_in_ms');
});

test('a threshold for a phrase that is none is a mistake', () => {
  const given = { flags: { 'hotword.pocketsphinx.thresholds': '{ "hey tarz" = 1e-20 }' } };
  assert.match(problemsOf(given).join(), /thresholds = .*hey tarz.*a threshold belongs to a phrase/);
});

test('hooks are for events that there are, and for names that some phrase has', () => {
  const hooks = (on: string) => () => load({ flags: { 'hooks.on': on } });
  assert.throws(hooks('{ "session.start" = ["x"] }'), /"session\.start" is none; did you mean session\.started\?/);
  assert.throws(hooks('{ "session.started" = [] }'), /allowed: a table of event = \["program"/);
  assert.throws(hooks('{ "session.started" = [""] }'), /allowed: a table of event = \["program"/);
  assert.throws(hooks('{ "hotword.event:lights" = ["x"] }'), /needs a phrase whose action is/);
});

test('which file: --config, else TARS_CONFIG, else the system file if it exists', () => {
  const [flag, variable, system] = ['0.1', '0.2', '0.35'].map((volume) => fileWith(`[cues]\nvolume = ${volume}`));
  const volume = (given: Given) => load(given).config.cues.volume;
  const env = { TARS_CONFIG: variable };
  assert.equal(volume({ configFile: flag, env, systemFile: system ?? '' }), 0.1);
  assert.equal(volume({ env, systemFile: system ?? '' }), 0.2);
  assert.equal(volume({ env: { TARS_CONFIG: '' }, systemFile: system ?? '' }), 0.35);
  assert.equal(volume({}), 0.3);
  assert.deepEqual(load({ configFile: flag }).files.slice(1), [flag]);
});

test('a relative --config starts from the working folder', () => {
  const file = fileWith('[cues]\nvolume = 0.9');
  assert.equal(load({ configFile: `./${count}.toml`, cwd: folder }).config.cues.volume, 0.9);
  assert.deepEqual(load({ configFile: `${count}.toml`, cwd: folder }).files.slice(1), [file]);
});

for (const { name, env, key, value } of [
  { name: 'a number', env: { TARS_MIC_GAIN_DB: ' -6.5 ' }, key: 'mic.gain_db', value: -6.5 },
  {
    name: 'a small number',
    env: { TARS_HOTWORD_POCKETSPHINX_THRESHOLD: '1e-30' },
    key: 'hotword.pocketsphinx.threshold',
    value: 1e-30,
  },
  { name: 'a boolean', env: { TARS_CUES_ENABLED: 'false' }, key: 'cues.enabled', value: false },
  {
    name: 'a list with commas',
    env: { TARS_HOTWORD_PHRASES: 'hey tars, alexa' },
    key: 'hotword.phrases',
    value: ['hey tars', 'alexa'],
  },
  {
    name: 'a list in TOML',
    env: { TARS_HOTWORD_PHRASES: '["a, b", "c"]' },
    key: 'hotword.phrases',
    value: ['a, b', 'c'],
  },
  {
    name: 'a table',
    env: { TARS_HOTWORD_PORCUPINE_KEYWORDS: '{ "hey tars" = "computer" }' },
    key: 'hotword.porcupine.keywords',
    value: { 'hey tars': 'computer' },
  },
  {
    name: 'a table of lists',
    env: { TARS_HOTWORD_POCKETSPHINX_PRONUNCIATIONS: '{ tars = ["T AA R S"] }' },
    key: 'hotword.pocketsphinx.pronunciations',
    value: { tars: ['T AA R S'] },
  },
  {
    name: 'a table of words and tables',
    env: { TARS_HOTWORD_ACTIONS: '{ "hey tars" = { event = "tars" } }' },
    key: 'hotword.actions',
    value: { 'hey tars': { event: 'tars' } },
  },
  { name: 'text, white space and all', env: { TARS_MIC_DEVICE: ' a b' }, key: 'mic.device', value: ' a b' },
  { name: 'empty text', env: { TARS_SERVER_URL: '' }, key: 'server.url', value: '' },
]) {
  test(`the environment sets ${name}, and a flag the same`, () => {
    const [variable = '', text = ''] = Object.entries(env)[0] ?? [];
    for (const given of [{ env: { [variable]: text } }, { flags: { [key]: text } }]) {
      const { config } = load(given);
      assert.deepEqual(valueAt(config, key), value);
    }
  });
}

test('an empty list is possible where no phrase is needed', () => {
  assert.deepEqual(load({ flags: { 'hotword.engine': 'none', 'hotword.phrases': '' } }).config.hotword.phrases, []);
});

test('a switch as a flag needs no value', () => {
  assert.equal(load({ flags: { 'page.enabled': true } }).config.page.enabled, true);
});

test('a table of a higher source replaces the one below as a whole', () => {
  const toml = '[hotword.pocketsphinx.pronunciations]\ntars = ["T AA R Z"]\nbmo = ["B IY M OW"]';
  const env = { TARS_HOTWORD_POCKETSPHINX_PRONUNCIATIONS: '{ tars = ["T AA R S"] }' };
  assert.deepEqual(load({ toml, env }).config.hotword.pocketsphinx.pronunciations, { tars: ['T AA R S'] });
});

for (const { name, toml, problem } of [
  {
    name: 'text for a number',
    toml: '[mic]\ngain_db = "loud"',
    problem: 'mic.gain_db = "loud": allowed: a number of decibels from -40 to 40',
  },
  {
    name: 'a number for text',
    toml: '[server]\nurl = 3',
    problem: 'server.url = 3: allowed: a ws:// or wss:// address, or "" for the embedded assistant',
  },
  {
    name: 'a number below',
    toml: '[mic]\nrate_hz = 7999',
    problem: 'mic.rate_hz = 7999: allowed: a whole number of hertz from 8000 to 96000',
  },
  {
    name: 'a number above',
    toml: '[mic]\nchannel = 9',
    problem: 'mic.channel = 9: allowed: a whole number from 1 to 8',
  },
  {
    name: 'a fraction for a whole number',
    toml: '[link]\nstable_ms = 0.5',
    problem: 'link.stable_ms = 0.5: allowed: a whole number of milliseconds from 0 to 3600000',
  },
  {
    name: 'a negative time',
    toml: '[session]\nsettle_ms = -1',
    problem: 'session.settle_ms = -1: allowed: a whole number of milliseconds from 0 to 10000',
  },
  {
    name: 'infinity',
    toml: '[mic]\ngain_db = inf',
    problem: 'mic.gain_db = Infinity: allowed: a number of decibels from -40 to 40',
  },
  {
    name: 'no number',
    toml: '[speaker]\nvolume = nan',
    problem: 'speaker.volume = NaN: allowed: a number from 0 to 1',
  },
  {
    name: 'a word that is none of the choices',
    toml: '[session]\nbarge_in = "maybe"',
    problem: 'session.barge_in = "maybe": allowed: one of "off", "hotword", "speech"',
  },
  { name: 'text for a boolean', toml: '[cues]\nheard = "yes"', problem: 'cues.heard = "yes": allowed: true or false' },
  {
    name: 'a date',
    toml: '[log]\nlevel = 2020-01-01',
    problem: 'log.level = 2020-01-01: allowed: one of "trace", "debug", "info", "warn", "error", "fatal", "silent"',
  },
  {
    name: 'text for a list',
    toml: '[hotword]\nphrases = "hey"',
    problem: 'hotword.phrases = "hey": allowed: a list of phrases, such as ["hey tars"]',
  },
  {
    name: 'a list of numbers',
    toml: '[hotword]\nphrases = [1]',
    problem: 'hotword.phrases = [1]: allowed: a list of phrases, such as ["hey tars"]',
  },
  {
    name: 'an empty phrase',
    toml: '[hotword]\nphrases = ["a", " "]',
    problem: 'hotword.phrases = ["a", " "]: allowed: no empty phrase in the list',
  },
  {
    name: 'a phrase twice',
    toml: '[hotword]\nphrases = ["Hey", "hey "]',
    problem: 'hotword.phrases = ["Hey", "hey "]: allowed: each phrase only once',
  },
  {
    name: 'an action that does not exist',
    toml: '[hotword.actions]\n"hey tars" = "sing"',
    problem:
      'hotword.actions = { "hey tars" = "sing" }: allowed: a table of phrase = "session", "stop", "read_dashboard", { event = "name" }, { start_app = "name" } or { stop_app = "name" }, such as { stop = "stop" }',
  },
  {
    name: 'a double press for what there is not',
    toml: '[gpio]\ndouble_press = { start_app = "" }',
    problem:
      'gpio.double_press = { start_app = "" }: allowed: "none", "event", "read_dashboard", { start_app = "name" } or { stop_app = "name" }',
  },
  {
    name: 'text for a table',
    toml: '[hotword.porcupine]\nkeywords = "x"',
    problem:
      'hotword.porcupine.keywords = "x": allowed: a table of phrase = ".ppn file or built-in name", such as { "hey tars" = "hey-tars.ppn" }',
  },
  {
    name: 'a pronunciation that is no list',
    toml: '[hotword.pocketsphinx]\npronunciations = { tars = "T" }',
    problem:
      'hotword.pocketsphinx.pronunciations = { tars = "T" }: allowed: a table of word = ["pronunciation", …], such as { tars = ["T AA R Z"] }',
  },
  {
    name: 'a pronunciation of a phrase',
    toml: '[hotword.pocketsphinx]\npronunciations = { hey = ["HH EY"], "hey tars" = ["HH EY T AA R Z"] }',
    problem:
      'hotword.pocketsphinx.pronunciations = { hey = ["HH EY"], "hey tars" = ["HH EY T AA R Z"] }: allowed: single words, each with its own pronunciations, such as { hey = ["HH EY"], tars = ["T AA R Z"] }; "hey tars" is no single word',
  },
  {
    name: 'a pronunciation of a word with punctuation',
    toml: '[hotword.pocketsphinx]\npronunciations = { "tars!" = ["T AA R Z"] }',
    problem:
      'hotword.pocketsphinx.pronunciations = { "tars!" = ["T AA R Z"] }: allowed: single words, each with its own pronunciations, such as { hey = ["HH EY"], tars = ["T AA R Z"] }; "tars!" is no single word',
  },
  {
    name: 'a threshold of nothing',
    toml: '[hotword.pocketsphinx]\nthreshold = 0',
    problem: 'hotword.pocketsphinx.threshold = 0: allowed: a number above 0 and up to 1, such as 1e-25',
  },
  {
    name: 'a threshold of nothing for openWakeWord',
    toml: '[hotword.openwakeword]\nthreshold = 0',
    problem: 'hotword.openwakeword.threshold = 0: allowed: a number above 0 and up to 1, such as 0.5',
  },
  {
    name: 'a threshold of nothing for a phrase of openWakeWord',
    toml: '[hotword.openwakeword]\nthresholds = { "hey tars" = 0 }',
    problem:
      'hotword.openwakeword.thresholds = { "hey tars" = 0 }: allowed: a table of phrase = number above 0 and up to 1, such as { "hey tars" = 0.7 }',
  },
  {
    name: 'http',
    toml: '[server]\nurl = "http://host"',
    problem: 'server.url = "http://host": allowed: a ws:// or wss:// address, or "" for the embedded assistant',
  },
  {
    name: 'no address',
    toml: '[server]\nurl = "host:7456/?key=hush"',
    problem: 'server.url = "host:7456/?key=***": allowed: a ws:// or wss:// address, or "" for the embedded assistant',
  },
  {
    name: 'a password in the address',
    toml: '[server]\nurl = "ws://u:hush@host"',
    problem:
      'server.url = "ws://***@host": allowed: no user name or password in the address: name a file with the token in server.token_file',
  },
  {
    name: 'a fragment in the address',
    toml: '[server]\nurl = "ws://host/#x"',
    problem: 'server.url = "ws://host/#x": allowed: an address without "#…", which no server ever sees',
  },
  {
    name: 'a port without an address',
    toml: '[page]\nlisten = "8137"',
    problem: 'page.listen = "8137": allowed: an address and a port, such as "127.0.0.1:8137" or "[::1]:8137"',
  },
  {
    name: 'IPv6 without brackets',
    toml: '[page]\nlisten = "::1:8137"',
    problem: 'page.listen = "::1:8137": allowed: an address and a port, such as "127.0.0.1:8137" or "[::1]:8137"',
  },
  {
    name: 'a port too high',
    toml: '[page]\nlisten = "[::1]:65536"',
    problem: 'page.listen = "[::1]:65536": allowed: a port from 0 to 65535',
  },
  { name: 'an unknown key', toml: '[mic]\ngain = "hush"', problem: 'no key mic.gain; did you mean mic.gain_db?' },
  { name: 'an unknown key far from all', toml: '[mic]\nxyzzy = "hush"', problem: 'no key mic.xyzzy' },
  { name: 'a key outside its section', toml: 'url = "ws://host"', problem: 'no key url; did you mean server.url?' },
  { name: 'an unknown section', toml: '[sesion]\na = 1\nb = 2', problem: 'no section [sesion]; did you mean session?' },
  {
    name: 'a section as a key',
    toml: 'server = "ws://host"',
    problem: 'server is a section, [server], and has no value of its own',
  },
  {
    name: 'a section twice over',
    toml: '[[mic]]\nchannel = 1',
    problem: 'mic is a section, [mic], and has no value of its own',
  },
  { name: 'a prototype for a section', toml: '__proto__ = { url = "x" }', problem: 'no section [__proto__]' },
]) {
  test(`a file with ${name}: one line that says what is allowed`, () => {
    assert.deepEqual(problemsOf({ toml }), [`${lastFile()}: ${problem}`]);
  });
}

for (const { name, given, problem } of [
  {
    name: 'a wrong number in the environment',
    given: { env: { TARS_MIC_CHANNEL: 'one' } },
    problem: 'environment TARS_MIC_CHANNEL: mic.channel = "one": allowed: a whole number from 1 to 8',
  },
  {
    name: 'an empty number',
    given: { env: { TARS_MIC_CHANNEL: '' } },
    problem: 'environment TARS_MIC_CHANNEL: mic.channel = "": allowed: a whole number from 1 to 8',
  },
  {
    name: 'a boolean in other words',
    given: { env: { TARS_CUES_HEARD: 'yes' } },
    problem: 'environment TARS_CUES_HEARD: cues.heard = "yes": allowed: true or false',
  },
  {
    name: 'a list that is no TOML',
    given: { env: { TARS_HOTWORD_PHRASES: '["a' } },
    problem:
      'environment TARS_HOTWORD_PHRASES: hotword.phrases = "[\\"a": allowed: a list of phrases, such as ["hey tars"]',
  },
  {
    name: 'an unknown variable',
    given: { env: { TARS_SERVR_URL: 'hush' } },
    problem: 'environment TARS_SERVR_URL: no such key; did you mean TARS_SERVER_URL?',
  },
  {
    name: 'a secret as a variable',
    given: { env: { TARS_SERVER_TOKEN: 'hush' } },
    problem: 'environment TARS_SERVER_TOKEN: no such key; did you mean TARS_SERVER_TOKEN_FILE?',
  },
  {
    name: 'an unknown flag',
    given: { flags: { 'server.token': 'hush' } },
    problem: 'flag --server.token: no such key; did you mean server.token_file?',
  },
  {
    name: 'a flag without its value',
    given: { flags: { 'mic.device': true as const } },
    problem:
      'flag --mic.device: the value is missing; allowed: the name of a device as `tars-client devices` lists it, or "" for the default one',
  },
  {
    name: 'a wrong flag',
    given: { flags: { 'log.level': 'loud' } },
    problem:
      'flag --log.level: log.level = "loud": allowed: one of "trace", "debug", "info", "warn", "error", "fatal", "silent"',
  },
  {
    name: 'a credential without systemd',
    given: { flags: { 'server.token_file': '$CREDENTIALS_DIRECTORY/t' } },
    problem:
      'flag --server.token_file: server.token_file = "$CREDENTIALS_DIRECTORY/t": $CREDENTIALS_DIRECTORY is set only in a systemd service with LoadCredential=',
  },
]) {
  test(`${name}: one line that says what is allowed`, () => {
    assert.deepEqual(problemsOf(given), [problem]);
  });
}

const base = load({}).files[0];
for (const { name, flags, problem } of [
  {
    name: 'an action for a phrase nobody listens for',
    flags: { 'hotword.actions': '{ stop = "stop" }' },
    problem: `hotword.actions = { stop = "stop" } (flag --hotword.actions), hotword.phrases = ["hey tars"] (${base}): an action belongs to a phrase: write it in hotword.phrases too, spelled alike`,
  },
  {
    name: 'base above max',
    flags: { 'link.retry_base_ms': '20000' },
    problem: `link.retry_base_ms = 20000 (flag --link.retry_base_ms), link.retry_max_ms = 15000 (${base}): link.retry_base_ms must not be above link.retry_max_ms`,
  },
  {
    name: 'first above max',
    flags: { 'link.retry_first_ms': '20000' },
    problem: `link.retry_first_ms = 20000 (flag --link.retry_first_ms), link.retry_max_ms = 15000 (${base}): link.retry_first_ms must not be above link.retry_max_ms`,
  },
  {
    name: 'pong after the next ping',
    flags: { 'link.pong_timeout_ms': '5001' },
    problem: `link.pong_timeout_ms = 5001 (flag --link.pong_timeout_ms), link.ping_idle_ms = 5000 (${base}): a ping must be answered before the next one: link.pong_timeout_ms must not be above link.ping_idle_ms`,
  },
  {
    name: 'no phrase',
    flags: { 'hotword.phrases': '' },
    problem: `hotword.engine = "auto" (${base}), hotword.phrases = [] (flag --hotword.phrases): give at least one phrase, or set hotword.engine = "none"`,
  },
  {
    name: 'porcupine without a key',
    flags: { 'hotword.engine': 'porcupine' },
    problem: `hotword.engine = "porcupine" (flag --hotword.engine), hotword.porcupine.access_key_file = "" (${base}): porcupine needs a file with an access key, or set hotword.engine = "auto"`,
  },
  {
    name: 'a file microphone without a file',
    flags: { 'mic.backend': 'file' },
    problem: `mic.backend = "file" (flag --mic.backend), mic.device = "" (${base}): the file backend needs the path of a WAV file in mic.device`,
  },
  {
    name: 'a file speaker without a file',
    flags: { 'speaker.backend': 'file' },
    problem: `speaker.backend = "file" (flag --speaker.backend), speaker.device = "" (${base}): the file backend needs the path of a WAV file in speaker.device`,
  },
]) {
  test(`keys that do not go together, ${name}: both are named with their sources`, () => {
    assert.deepEqual(problemsOf({ flags }), [problem]);
  });
}

test('all mistakes of all sources are told at once, one line each, also those a higher source covers', () => {
  const problems = problemsOf({
    toml: '[mic]\nchannel = 0\nfoo = 1\n[speaker]\nvolume = 2',
    env: { TARS_LOG_LEVEL: 'loud', TARS_NOTHING: 'x' },
    flags: { 'mic.channel': '1', 'page.listen': 'here', 'link.retry_base_ms': '20000' },
  });
  const starts = [
    `${lastFile()}: no key mic.foo`,
    'environment TARS_NOTHING',
    `${lastFile()}: mic.channel = 0`,
    `${lastFile()}: speaker.volume = 2`,
    'environment TARS_LOG_LEVEL',
    'flag --page.listen',
    'link.retry_base_ms = 20000',
  ];
  assert.equal(problems.length, starts.length);
  for (const start of starts)
    assert.ok(
      problems.some((problem) => problem.startsWith(start)),
      start,
    );
});

test('a rule between keys is silent when one of them is wrong by itself', () => {
  assert.equal(problemsOf({ flags: { 'link.retry_base_ms': '20000', 'link.retry_max_ms': 'long' } }).length, 1);
});

test('a long value is cut in the message', () => {
  const [problem = ''] = problemsOf({ flags: { 'log.level': 'x'.repeat(1000) } });
  assert.ok(problem.length < 300 && problem.includes('…'), problem);
});

test('a --config file that is not there, a folder and no TOML are named', () => {
  assert.match(
    problemsOf({ configFile: '/nonexistent/x.toml' }).join(),
    /^\/nonexistent\/x\.toml: the configuration cannot be read: ENOENT/,
  );
  assert.match(problemsOf({ configFile: folder }).join(), /cannot be read: EISDIR/);
  assert.match(problemsOf({ toml: '[mic\nchannel = 1' }).join(), /\.toml:1:\d+: this is no TOML: /);
  assert.match(problemsOf({ env: { TARS_CONFIG: '/nonexistent/y.toml' } }).join(), /^\/nonexistent\/y\.toml: /);
});

test('relative paths start from the file, the working folder for flags and environment, ~ from the home', () => {
  const toml = [
    '[server]\ntoken_file = "secrets/token"\nca_file = "~/ca.pem"',
    '[hotword.porcupine]\naccess_key_file = "/abs/key"\nkeywords = { a = "a.ppn", b = "porcupine", c = "~/c" }',
    '[hotword.openwakeword]\nmodels = { a = "m/a.onnx", b = "../b.onnx" }',
  ].join('\n');
  const { config } = load({ toml, env: { TARS_HOTWORD_OPENWAKEWORD_FRONT_END_DIR: 'front' } });
  assert.equal(config.server.token_file, join(folder, 'secrets/token'));
  assert.equal(config.server.ca_file, '/home/jo/ca.pem');
  assert.equal(config.hotword.porcupine.access_key_file, '/abs/key');
  assert.deepEqual(config.hotword.porcupine.keywords, { a: join(folder, 'a.ppn'), b: 'porcupine', c: '/home/jo/c' });
  assert.deepEqual(config.hotword.openwakeword.models, { a: join(folder, 'm/a.onnx'), b: join(folder, '../b.onnx') });
  assert.equal(config.hotword.openwakeword.front_end_dir, '/work-folder/front');
});

test('a device is a path with the file backend only, from the source that names the device', () => {
  const toml = '[mic]\ndevice = "hello.wav"\n[speaker]\nbackend = "file"\ndevice = "~/out.wav"';
  const { config } = load({ toml, flags: { 'mic.backend': 'file' } });
  assert.equal(config.mic.device, join(folder, 'hello.wav'));
  assert.equal(config.speaker.device, '/home/jo/out.wav');
  assert.equal(load({ toml: '[mic]\ndevice = "hw:1"' }).config.mic.device, 'hw:1');
});

test('credentials of the service serve empty keys, and only those', () => {
  const credentials = join(folder, 'credentials');
  mkdirSync(credentials);
  writeFileSync(join(credentials, 'server-token'), 'hush');
  const env = { CREDENTIALS_DIRECTORY: credentials };
  const { config, origins } = load({ env });
  assert.equal(config.server.token_file, join(credentials, 'server-token'));
  assert.equal(origins.get('server.token_file'), 'credential server-token');
  assert.equal(config.hotword.porcupine.access_key_file, '');
  writeFileSync(join(credentials, 'porcupine-access-key'), 'hush');
  assert.equal(load({ env }).origins.get('hotword.porcupine.access_key_file'), 'credential porcupine-access-key');
  const ofUnit = join(folder, 'credentials-of-the-unit');
  mkdirSync(ofUnit);
  writeFileSync(join(ofUnit, 'tars_server-token'), 'hush');
  assert.equal(
    load({ env: { CREDENTIALS_DIRECTORY: ofUnit } }).origins.get('server.token_file'),
    'credential tars_server-token',
  );
  assert.equal(load({ env, flags: { 'hotword.engine': 'porcupine' } }).config.hotword.engine, 'porcupine');
  assert.equal(load({ env, flags: { 'server.token_file': '/mine' } }).config.server.token_file, '/mine');
});

test('$CREDENTIALS_DIRECTORY may be written in a path', () => {
  const env = { CREDENTIALS_DIRECTORY: '/run/credentials/$&' };
  const { config } = load({ env, flags: { 'server.ca_file': '$CREDENTIALS_DIRECTORY/ca' } });
  assert.equal(config.server.ca_file, '/run/credentials/$&/ca');
});

for (const url of ['ws://localhost:7456', 'wss://host.example/voice?room=1', 'ws://[::1]:80/', 'WS://HOST']) {
  test(`server.url may be ${url}`, () => {
    assert.equal(load({ flags: { 'server.url': url } }).config.server.url, url);
  });
}

for (const listen of ['127.0.0.1:0', '0.0.0.0:8137', '[::1]:65535', 'localhost:1']) {
  test(`page.listen may be ${listen}`, () => {
    assert.equal(load({ flags: { 'page.listen': listen } }).config.page.listen, listen);
  });
}

function valueAt(config: LoadedConfig['config'], path: string): unknown {
  return path.split('.').reduce<unknown>((value, name) => Object(value)[name], config);
}

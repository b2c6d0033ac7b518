import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { after, test } from 'node:test';
import { configCommand, configText } from '../../src/cli/config.js';
import { KEYS } from '../../src/config/keys.js';
import { type Flags, loadConfig } from '../../src/config.js';

const folder = mkdtempSync(join(tmpdir(), 'tars-show-'));
after(() => rmSync(folder, { recursive: true }));

const load = (flags: Flags, configFile?: string) =>
  loadConfig({ flags, env: {}, systemFile: join(folder, 'absent'), configFile });

test('what is printed is a configuration file that gives the same configuration', () => {
  const loaded = load(
    new Map([
      ['server.url', 'wss://host:1/path'],
      ['hotword.phrases', '["hey \\"tars\\"", "été"]'],
      ['hotword.pocketsphinx.pronunciations', '{ "été" = ["EY T EY"], tars = ["T AA R Z", "T AA R S"] }'],
      ['mic.gain_db', '-6.5'],
    ]),
  );
  const file = join(folder, 'printed.toml');
  writeFileSync(file, configText(loaded));
  const again = load(new Map(), file);
  assert.deepEqual(again.config, loaded.config);
  assert.deepEqual(new Set(again.origins.values()), new Set([file]));
});

test('every key has a line with its source', () => {
  const text = configText(load(new Map([['cues.enabled', 'false']])));
  assert.equal(text.match(/^\w+ = .*# from .+$/gm)?.length, KEYS.size);
  assert.match(text, /^\[cues\]\nenabled = false {2}# from flag --cues\.enabled$/m);
  assert.match(text, /^volume = 0\.3 {2}# from \/.*config\/default\.toml$/m);
});

test('secrets are masked, and a file with a secret is named and not read', () => {
  const token = join(folder, 'token');
  writeFileSync(token, 'hush-hush');
  const text = configText(
    load(
      new Map([
        ['server.url', 'ws://host/?key=hush-hush'],
        ['server.token_file', token],
      ]),
    ),
  );
  assert.ok(!text.includes('hush-hush'));
  assert.ok(text.includes('url = "ws://host/?key=***"') && text.includes(`token_file = "${token}"`));
});

test('a line break in a file name does not end the comment', () => {
  const file = join(folder, 'a\nb = 1.toml');
  writeFileSync(file, '[cues]\nvolume = 0.9');
  assert.match(configText(load(new Map(), file)), /^volume = 0\.9 {2}# from .*a\?b = 1\.toml$/m);
});

test('the command writes the text', () => {
  const loaded = load(new Map());
  const out = new PassThrough();
  configCommand(loaded, out);
  assert.equal(String(out.read()), configText(loaded));
});

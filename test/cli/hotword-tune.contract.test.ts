import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, test } from 'node:test';
import { tuneHotword } from '../../src/cli/tune-setup.js';
import { loadConfig } from '../../src/config.js';
import { createLog } from '../../src/log.js';

const SHARED = resolve('..', 'shared', 'hotword');
const skip = existsSync(SHARED) ? false : `there are no recordings in ${SHARED}`;
const root = mkdtempSync(join(tmpdir(), 'tune-'));
after(() => rmSync(root, { recursive: true }));

function folderOf(name: string, clips: readonly string[]): string {
  mkdirSync(join(root, name), { recursive: true });
  for (const clip of clips) symlinkSync(join(SHARED, 'clips', `${clip}.wav`), join(root, name, `${clip}.wav`));
  return join(root, name);
}

for (const [engine, threshold] of [
  ['pocketsphinx', /^thresholds = \{ alexa = 1e-\d+ \}$/m],
  ['openwakeword', /^thresholds = \{ alexa = 0\.\d+ \}$/m],
] as const) {
  test(`${engine}: the threshold for people saying "alexa" hears them and no other word`, { skip }, async () => {
    const positives = folderOf(`${engine}-alexa`, ['alexa_01', 'alexa_09', 'alexa_14']);
    const negatives = folderOf(`${engine}-other`, ['computer_03', 'jarvis_05', 'computer_10']);
    const flags = new Map([
      ['hotword.engine', engine],
      ['hotword.phrases', 'alexa'],
      ['hotword.openwakeword.front_end_dir', join(SHARED, 'models')],
    ]);
    const { config } = loadConfig({ flags, env: {}, configFile: undefined });
    let text = '';
    const out = { write: (piece: string) => (text += piece) };
    const log = createLog({ level: 'silent', format: 'json' });
    const { signal } = new AbortController();
    const positionals = [positives, negatives];
    const code = await tuneHotword({ config, positionals, options: new Map(), log, out, errors: out, signal });
    assert.equal(code, 0, text);
    assert.match(text, /^ {2}\* {2}\S+ +3 of 3 +0 +0\.0$/m);
    assert.match(text, threshold);
  });
}

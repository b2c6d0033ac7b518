import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, test } from 'node:test';
import { tuneHotword } from '../../src/cli/tune-setup.js';
import { countByRun, counterByScores } from '../../src/cli/tune-trials.js';
import { loadConfig } from '../../src/config.js';
import { createLog } from '../../src/log.js';
import { engineSource } from '../../src/parts.js';

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

test('the scores of one run count what a run with each threshold counts', { skip }, async () => {
  const clip = (name: string) => join(SHARED, 'clips', `${name}.wav`);
  const { config } = loadConfig({
    flags: new Map([
      ['hotword.engine', 'openwakeword'],
      ['hotword.phrases', 'alexa'],
      ['hotword.openwakeword.front_end_dir', join(SHARED, 'models')],
    ]),
    env: {},
    configFile: undefined,
  });
  const { hotword } = config;
  const log = createLog({ level: 'silent', format: 'json' });
  const options = {
    positives: ['alexa_00', 'alexa_03', 'alexa_04', 'alexa_07', 'alexa_21'].map(clip),
    negatives: ['computer_03', 'alexa_09', 'jarvis_05'].map(clip),
    refractoryMs: hotword.refractory_ms,
    make: (threshold: number) => {
      const openwakeword = { ...hotword.openwakeword, threshold };
      return engineSource({ ...config, hotword: { ...hotword, openwakeword } }, log).make();
    },
    onFile: () => undefined,
    signal: new AbortController().signal,
  };
  const byScores = await counterByScores(options);
  for (const threshold of [0.9, 0.02]) {
    assert.deepEqual(await byScores(threshold), await countByRun(threshold, options), `threshold ${threshold}`);
  }
});

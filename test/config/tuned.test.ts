import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { pino } from 'pino';
import { RunPage } from '../../src/cli/run-page.js';
import { systemClock } from '../../src/clock.js';
import { tunedFile, writeTuned } from '../../src/config/tuned.js';
import { type Config, loadConfig } from '../../src/config.js';
import { ConfigError } from '../../src/errors.js';
import { Journal } from '../../src/log.js';
import { ask, FakeDevice } from '../page/support.js';

function home(test: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'tars-tuned-'));
  test.after(() => rmSync(folder, { recursive: true, force: true }));
  const env = { XDG_DATA_HOME: folder };
  const load = (flags: Record<string, string> = {}, ownEnv: NodeJS.ProcessEnv = env) =>
    loadConfig({
      flags: new Map(Object.entries(flags)),
      env: ownEnv,
      systemFile: join(folder, 'config.toml'),
      cwd: '/',
    });
  return { folder, env, file: tunedFile(env), load };
}

describe('what was tuned', () => {
  it('goes over the configuration file, under environment and flags, and `config` tells where it is from', (test) => {
    const { folder, env, file, load } = home(test);
    writeFileSync(join(folder, 'config.toml'), 'speaker.volume = 0.9\n');
    assert.equal(load().config.speaker.volume, 0.9);
    writeTuned(file, new Map([['speaker.volume', 0.4]]));
    const { config, origins, files } = load();
    assert.equal(config.speaker.volume, 0.4);
    assert.equal(origins.get('speaker.volume'), file);
    assert.equal(files.at(-1), file);
    assert.equal(load({}, { ...env, TARS_SPEAKER_VOLUME: '0.3' }).config.speaker.volume, 0.3);
    assert.equal(load({ 'speaker.volume': '0.2' }).config.speaker.volume, 0.2);
  });

  it('stays beside what is tuned later, in a file of this user alone', (test) => {
    const { file, load } = home(test);
    writeTuned(file, new Map<string, unknown>([['hotword.pocketsphinx.thresholds', { 'hey tars': 1e-20 }]]));
    writeTuned(file, new Map<string, unknown>([['speaker.volume', 0.4]]));
    writeTuned(file, new Map<string, unknown>([['hotword.pocketsphinx.thresholds', { 'a "b"': 1e-21 }]]));
    const { hotword, speaker } = load({ 'hotword.phrases': '["hey tars", "a \\"b\\""]' }).config;
    assert.deepEqual(hotword.pocketsphinx.thresholds, { 'hey tars': 1e-20, 'a "b"': 1e-21 });
    assert.equal(speaker.volume, 0.4);
    const { thresholds } = load().config.hotword.pocketsphinx;
    assert.deepEqual(thresholds, { 'hey tars': 1e-20 }, 'of a phrase that is not listened for');
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.deepEqual(readdirSync(join(file, '..')), ['tuned.toml']);
  });

  it('is left as it is where it cannot be read, with its name in the error', (test) => {
    const { folder, file } = home(test);
    writeTuned(file, new Map([['speaker.volume', 0.4]]));
    writeFileSync(file, 'speaker.volume = \n');
    assert.throws(
      () => writeTuned(file, new Map([['speaker.volume', 0.5]])),
      (error: unknown) => error instanceof ConfigError && error.message.includes(file),
    );
    assert.equal(readFileSync(file, 'utf8'), 'speaker.volume = \n');
    writeFileSync(join(folder, 'no-folder'), '');
    assert.throws(() => writeTuned(join(folder, 'no-folder', 'tuned.toml'), new Map()), ConfigError);
  });
});

describe('the page of a running device', () => {
  it('follows the configuration: on, elsewhere, off', async (test) => {
    const { env, folder, load } = home(test);
    const log = pino({ level: 'silent' });
    const journal = new Journal(log);
    const urls: string[] = [];
    journal.watch((entry) => void (entry.event === 'page.ready' && urls.push(entry.fields.url)));
    const device = () => new FakeDevice();
    const page = new RunPage({ device, env, load: () => load().config, journal, clock: systemClock, log });
    test.after(() => page.close());
    // The second time resolves when what the first one began is over.
    const follow = async (config: Config) => {
      await page.follow(config);
      await page.follow(config);
    };
    const on = load({ 'page.enabled': 'true', 'page.listen': '127.0.0.1:0' }).config;
    await follow(load().config);
    assert.deepEqual(urls, []);
    await follow(on);
    await follow(structuredClone(on));
    assert.equal(urls.length, 1, 'a page that stays what it is stays open');
    await follow(load({ 'page.enabled': 'true', 'page.listen': '[::1]:0' }).config);
    await assert.rejects(ask(urls[0] ?? ''), { code: 'ECONNREFUSED' });
    assert.match(urls[1] ?? '', /^http:\/\/\[::1\]:\d+\/$/);
    assert.equal((await ask(`${urls[1]}healthz`)).status, 200);
    const token_file = join(folder, 'token');
    const guarded = { ...on, page: { ...on.page, token_file } };
    for (const token of ['the-first-token-of-two', 'the-second-token-of-two']) {
      writeFileSync(token_file, token);
      await follow(guarded);
      const health: string = `${urls.at(-1)}healthz`;
      assert.equal((await ask(health)).status, 401);
      assert.equal((await ask(health, { authorization: `Bearer ${token}` })).status, 200);
    }
    await follow(load().config);
    await assert.rejects(ask(urls.at(-1) ?? ''), { code: 'ECONNREFUSED' });
    await page.close();
    await page.close();
  });
});

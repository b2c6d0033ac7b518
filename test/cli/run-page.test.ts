import assert from 'node:assert/strict';
import dns from 'node:dns';
import { describe, it, type TestContext } from 'node:test';
import { pino } from 'pino';
import { RunPage } from '../../src/cli/run-page.js';
import { systemClock } from '../../src/clock.js';
import { loadConfig } from '../../src/config.js';
import { Journal } from '../../src/log.js';
import { FakeDevice } from '../page/support.js';

function setUp(test: TestContext) {
  const lines: Readonly<Record<string, unknown>>[] = [];
  const log = pino({}, { write: (line: string) => void lines.push(JSON.parse(line)) });
  const journal = new Journal(log);
  const config = (listen: string) => {
    const flags = new Map([
      ['page.enabled', 'true'],
      ['page.listen', listen],
    ]);
    return loadConfig({ flags, env: {}, systemFile: '', cwd: '.' }).config;
  };
  const page = new RunPage({
    device: () => new FakeDevice(),
    env: {},
    load: () => config('127.0.0.1:0'),
    journal,
    clock: systemClock,
    log,
  });
  test.after(() => page.close());
  return { lines, journal, config, page };
}

describe('the page of a running device', () => {
  it('is not waited for while the name that it listens on is looked up, neither at the start nor at the end', async (test) => {
    const { page, config } = setUp(test);
    const lookup = test.mock.method(dns, 'lookup', () => undefined);
    await page.follow(config('localhost:0'));
    await new Promise(setImmediate);
    assert.equal(lookup.mock.callCount(), 1);
    await page.close();
  });

  it('that cannot even be made is an error in the log', async (test) => {
    const { page, config, journal, lines } = setUp(test);
    test.mock.method(journal, 'watch', () => {
      throw new Error('a file is missing');
    });
    await page.follow(config('127.0.0.1:0'));
    assert.deepEqual([lines.at(-1)?.msg, lines.at(-1)?.why], ['the status page failed', 'a file is missing']);
  });
});

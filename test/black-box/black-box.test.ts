import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { pino } from 'pino';
import { BlackBox } from '../../src/black-box/black-box.js';
import { Journal } from '../../src/log.js';
import { FakeClock } from '../link/support.js';

type Line = Record<string, unknown>;

function bench(test: TestContext, { hasFolder = true } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'tars-state-'));
  test.after(() => rmSync(folder, { recursive: true, force: true }));
  const clock = new FakeClock();
  const logged: Line[] = [];
  const log = pino({ level: 'error' }, { write: (line: string) => void logged.push(JSON.parse(line) as Line) });
  const journal = new Journal(log);
  const state = join(folder, 'state');
  const box = new BlackBox({ journal, log, clock, folder: hasFolder ? state : undefined });
  const files = () => readdirSync(state).map((name) => join(state, name));
  const read = (path: string) =>
    readFileSync(path, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Line);
  return { clock, journal, logged, box, state, files, read, last: () => read(files().sort().at(-1) ?? '') };
}

describe('the black box', () => {
  it('writes why, when and how the process is, then what happened, in order and with its age', (test) => {
    const { clock, journal, box, last, files } = bench(test);
    journal.record('state.changed', { from: 'idle', to: 'listening', why: 'mic.ready' });
    clock.advance(1_000);
    journal.trace({ type: 'link.down', reason: 'it went away' });
    clock.advance(500);
    box.write('asked for');
    const [head, ...entries] = last();
    assert.equal(head?.why, 'asked for');
    assert.equal(head?.pid, process.pid);
    assert.ok(Number(head?.rssBytes) > Number(head?.heapBytes));
    assert.deepEqual(entries, [
      { agoMs: 1_500, what: 'state.changed', from: 'idle', to: 'listening', why: 'mic.ready' },
      { agoMs: 500, what: 'machine told: link.down', reason: 'it went away' },
    ]);
    assert.equal(statSync(files()[0] ?? '').mode & 0o777, 0o600);
  });

  it('keeps the last 200', (test) => {
    const { journal, box, last } = bench(test);
    for (let turn = 1; turn <= 1_000; turn++) journal.record('session.started', { turn });
    box.write('asked for');
    const turns = last()
      .slice(1)
      .map(({ turn }) => turn);
    assert.equal(turns.length, 200);
    assert.deepEqual([turns[0], turns.at(-1)], [801, 1_000]);
  });

  it('counts what the machine is told many times in a row', (test) => {
    const { clock, journal, box, last } = bench(test);
    for (let chunk = 0; chunk < 500; chunk++) {
      clock.advance(10);
      journal.trace({ type: 'server.replyAudio' });
    }
    journal.trace({ type: 'server.replyEnded' });
    box.write('asked for');
    assert.deepEqual(last().slice(1), [
      { agoMs: 0, what: 'machine told: server.replyAudio', count: 500 },
      { agoMs: 0, what: 'machine told: server.replyEnded' },
    ]);
  });

  it('takes of a trace its type and its reason only: no sound, no words', (test) => {
    const { journal, box, last } = bench(test);
    journal.trace(Object.assign({ type: 'reply' }, { pcm: Buffer.from('sound'), text: 'secret', why: 'because' }));
    box.write('asked for');
    assert.deepEqual(last().slice(1), [{ agoMs: 0, what: 'machine told: reply', why: 'because' }]);
  });

  it('shortens the words of strangers', (test) => {
    const { journal, box, last } = bench(test);
    journal.record('protocol.ignored', { type: 'x', detail: 'y'.repeat(100_000) });
    box.write('asked for');
    assert.equal(String(last()[1]?.detail).length, 1_000);
  });

  it('writes by itself when a state is overdue', (test) => {
    const { journal, last } = bench(test);
    journal.record('state.overdue', { state: 'activeSession.reply', ms: 7, limitMs: 5 });
    const [head, entry] = last();
    assert.equal(head?.why, 'a state is overdue');
    assert.equal(entry?.state, 'activeSession.reply');
  });

  it('keeps ten files', (test) => {
    const { state, box, files, read } = bench(test);
    box.write('first');
    writeFileSync(join(state, 'of somebody else'), '');
    for (let time = 0; time < 14; time++) box.write(`later ${time}`);
    assert.equal(files().length, 11);
    const reasons = files()
      .filter((name) => name.includes('black-box'))
      .map((path) => read(path)[0]?.why);
    assert.ok(!reasons.includes('first'));
    assert.ok(reasons.includes('later 13'));
  });

  it('keeps the file that it has just written where older ones are dated in the future', (test) => {
    const { journal, state, box, files, read } = bench(test);
    mkdirSync(state);
    for (let at = 10; at < 20; at++)
      writeFileSync(join(state, `black-box-2999-01-01T00-00-${at}.000Z-1-000001.jsonl`), '');
    const told: string[] = [];
    journal.watch(({ event, fields }) => event === 'blackbox.written' && told.push(fields.to));
    box.write('the clock went back');
    assert.equal(files().length, 10);
    assert.equal(read(told[0] ?? '')[0]?.why, 'the clock went back');
  });

  it('goes to the log where there is no folder', (test) => {
    const { journal, box, logged } = bench(test, { hasFolder: false });
    journal.record('session.started', { turn: 7 });
    box.write('asked for');
    const lines = logged.filter(({ msg }) => msg === 'black box').map(({ line }) => line as Line);
    assert.deepEqual([lines[0]?.why, lines[1]?.turn], ['asked for', 7]);
    assert.equal(logged.at(-1)?.event, 'blackbox.written');
    assert.equal(logged.at(-1)?.to, 'the log');
  });

  it('goes to the log where the folder cannot be written', (test) => {
    const { state, box, logged } = bench(test);
    writeFileSync(state, 'a file is in the way');
    box.write('asked for');
    assert.ok(logged.some(({ msg, folder }) => msg === 'the black box cannot be written there' && folder === state));
    assert.ok(logged.some(({ msg }) => msg === 'black box'));
  });

  it('remembers nothing after close, which may be called twice', (test) => {
    const { journal, box, last } = bench(test);
    box.close();
    box.close();
    journal.record('session.started', { turn: 7 });
    box.write('asked for');
    assert.equal(last().length, 1);
  });
});

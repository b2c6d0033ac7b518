import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isLit } from '../../src/hands/led-pattern.js';
import { type Situation, SituationWatch } from '../../src/hands/situation.js';
import type { JournalEntry } from '../../src/log.js';

const to = (state: string): JournalEntry => ({ event: 'state.changed', fields: { from: '', to: state, why: '' } });
const LINK_UP: JournalEntry = { event: 'link.up', fields: { url: '', attempt: 1 } };
const LINK_DOWN: JournalEntry = { event: 'link.down', fields: { code: 1006, reason: '', retryInMs: 0, failures: 1 } };
const MIC_LOST: JournalEntry = { event: 'mic.lost', fields: { why: 'unplugged' } };
const MIC_READY: JournalEntry = { event: 'mic.ready', fields: { backend: '', device: '', rateHz: 16_000 } };
const SPEAKER_LOST: JournalEntry = { event: 'speaker.lost', fields: { why: 'unplugged' } };
const SPEAKER_READY: JournalEntry = { event: 'speaker.ready', fields: { backend: '', device: '' } };

const after = (...entries: JournalEntry[]) => {
  const watch = new SituationWatch();
  for (const entry of entries) watch.note(entry);
  return watch;
};

describe('the situation', () => {
  const cases: [Situation, JournalEntry[]][] = [
    ['starting', []],
    ['starting', [LINK_UP, MIC_READY]],
    ['error', [MIC_LOST]],
    ['offline', [to('listening')]],
    ['listening', [to('listening'), LINK_UP]],
    ['offline', [to('listening'), LINK_UP, LINK_DOWN]],
    ['heard', [to('listening'), LINK_DOWN, to('hotwordDetected')]],
    ['your turn', [to('listening'), LINK_UP, to('activeSession.userTurn')]],
    ['speaking', [LINK_UP, to('activeSession.reply')]],
    ['speaking', [LINK_UP, to('activeSession.draining')]],
    ['speaking', [LINK_UP, to('announcement')]],
    ['error', [to('listening'), LINK_UP, SPEAKER_LOST]],
    ['listening', [to('listening'), LINK_UP, SPEAKER_LOST, SPEAKER_READY]],
    ['error', [to('listening'), LINK_UP, to('idle')]],
  ];
  for (const [situation, entries] of cases) {
    it(`is "${situation}" after ${entries.map(wordOf).join(', ') || 'nothing'}`, () => {
      assert.equal(after(...entries).situation(false), situation);
    });
  }

  it('is "muted" whatever else is wrong', () => {
    assert.equal(after(MIC_LOST, LINK_DOWN).situation(true), 'muted');
  });
});

describe('the patterns of the LED', () => {
  const situations: Situation[] = [
    'starting',
    'listening',
    'heard',
    'your turn',
    'speaking',
    'offline',
    'muted',
    'error',
  ];
  const STEP_MS = 10;
  const shown = (situation: Situation, forMs: number) =>
    Array.from({ length: forMs / STEP_MS }, (_, step) => isLit(situation, step * STEP_MS));

  it('are of light at once, so that a change is seen when it comes', () => {
    for (const situation of situations) assert.equal(isLit(situation, 0), true, situation);
  });

  it('tell any two situations apart in three seconds: lit shares or numbers of flashes differ', () => {
    const looks = situations.map((situation) => {
      const lit = shown(situation, 6000);
      const flashes = lit.filter((isOn, index) => isOn && !lit[index - 1]).length;
      return { situation, flashes, share: lit.filter(Boolean).length / lit.length };
    });
    for (const a of looks) {
      for (const b of looks.filter(({ situation }) => situation !== a.situation)) {
        const isOther = Math.abs(a.share - b.share) > 0.15 || Math.abs(a.flashes - b.flashes) >= 2;
        assert.ok(isOther, `${JSON.stringify(a)} and ${JSON.stringify(b)}`);
      }
    }
  });
});

function wordOf({ event, fields }: JournalEntry): string {
  return 'to' in fields ? String(fields.to) : event;
}

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { OpeningLimit } from '../../src/mic/opening-limit.js';
import { FakeClock } from '../link/support.js';

/** The limit on opening of a child that took so long to load. */
function limitAfter(loadMs: number, limit: OpeningLimit, clock: FakeClock): number {
  limit.start();
  clock.advance(loadMs);
  return limit.opening();
}

describe('the limit on the opening of a microphone', () => {
  it('goes by the time that the child took to load', () => {
    const clock = new FakeClock();
    const limit = new OpeningLimit(clock);
    assert.equal(limitAfter(60, limit, clock), 2_000);
    assert.equal(limitAfter(350, limit, clock), 3_500);
    assert.equal(limitAfter(2_000, limit, clock), 5_000);
  });

  it('is the longest until the child says that it opens', () => {
    assert.equal(new OpeningLimit(new FakeClock()).start(), 5_000);
  });

  it('is the longest after a child that was late, until one was ready', () => {
    const clock = new FakeClock();
    const limit = new OpeningLimit(clock);
    limit.note('late');
    assert.equal(limitAfter(60, limit, clock), 5_000);
    limit.note('ready');
    assert.equal(limitAfter(60, limit, clock), 2_000);
  });
});

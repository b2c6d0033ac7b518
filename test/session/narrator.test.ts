import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { pino } from 'pino';
import type { DeviceEvent, PlayRequest } from '../../src/protocol/protocol.js';
import { Narrator, type NarratorOptions } from '../../src/session/narrator.js';
import type { Sound } from '../../src/speech/voice.js';
import { VirtualTime } from '../property/virtual-time.js';

const SOUND: Sound = { rateHz: 16_000, samples: new Int16Array(1_600) };
const TURN = 'activeSession.userTurn';
const DRAINING = 'activeSession.draining';
const LISTENING = 'listening';
const ANNOUNCEMENT = 'announcement';

/** A narrator in a conversation that a test plays; a reply lasts until the test says that it is over. */
function narrating(options: Partial<NarratorOptions> = {}) {
  const time = new VirtualTime(() => undefined);
  const said: string[] = [];
  const told: DeviceEvent[] = [];
  const plays = { count: 0, stops: 0 };
  /** Where the conversation stands; what plays is told by the same port as the machine's. */
  let state = 'idle';
  const enter = (next: string) => {
    state = next;
    narrator.entered(next);
  };
  const after = () => enter(state === ANNOUNCEMENT ? LISTENING : TURN);
  const narrator: Narrator = new Narrator({
    voice: {
      say: async (text) => {
        said.push(text);
        return SOUND;
      },
    },
    speaksDisplays: true,
    fetchSound: async () => SOUND,
    fill: (text) => text.replace('$TIME$', 'noon'),
    clock: time,
    log: pino({ level: 'silent' }),
    unaskedLimitMs: 300_000,
    soundLimitMs: 300_000,
    ...options,
  });
  narrator.attach({
    play: () => {
      if (state !== TURN && state !== LISTENING) return false;
      plays.count++;
      enter(state === LISTENING ? ANNOUNCEMENT : DRAINING);
      return true;
    },
    stop: () => {
      plays.stops++;
      after();
    },
    tell: (event) => told.push(event),
  });
  const show = (text: string) => narrator.show({ type: 'display', view: 'main', kind: 'text', text });
  const clear = () => narrator.show({ type: 'display', view: 'main', kind: 'clear', text: '' });
  const over = () => {
    narrator.over(100);
    after();
  };
  return { narrator, time, said, told, plays, show, clear, over, enter };
}

const play = (id: string, fields: Partial<PlayRequest> = {}): PlayRequest => ({
  type: 'play.requested',
  id,
  owner: 'app',
  url: 'http://x/y.wav',
  volume: 1,
  stopsOthers: false,
  ...fields,
});
const outcomes = (told: readonly DeviceEvent[]) =>
  told.map((event) => (event.type === 'play.finished' ? `${event.id}: ${event.error ?? 'played'}` : event.type));

describe('a display', () => {
  it('is spoken when it has stood for 700 ms, and only then', async () => {
    const { time, said, show, plays, enter } = narrating();
    enter(TURN);
    await time.pass(1_000);
    show('hel');
    await time.pass(600);
    show('hello $TIME$');
    await time.pass(699);
    assert.deepEqual(said, []);
    await time.pass(1);
    assert.deepEqual(said, ['hello noon']);
    assert.equal(plays.count, 1);
  });

  it('every 50 ms for a minute is spoken once, the last of them', async () => {
    const { time, said, show, enter } = narrating();
    enter(TURN);
    for (let count = 0; count < 1_200; count++) {
      show(`caption ${count}`);
      await time.pass(50);
    }
    await time.pass(2_000);
    assert.deepEqual(said, ['caption 1199']);
    assert.equal(time.pending, 0);
  });

  it('that is cleared was shown all the same, and clears are not spoken', async () => {
    const { time, said, show, clear, enter } = narrating();
    enter(TURN);
    clear();
    show('hello');
    clear();
    clear();
    await time.pass(5_000);
    assert.deepEqual(said, ['hello']);
  });

  it('that comes again is not spoken again before the person speaks or it was cleared', async () => {
    const { narrator, time, said, show, clear, over, enter } = narrating();
    enter(TURN);
    const again = async () => {
      show('hello');
      await time.pass(1_000);
      over();
    };
    await again();
    await again();
    assert.equal(said.length, 1);
    narrator.personSpoke();
    await again();
    assert.equal(said.length, 2);
    clear();
    await again();
    assert.equal(said.length, 3);
  });

  it('waits while the person speaks, but not for ever', async () => {
    const { narrator, time, said, show, enter } = narrating();
    enter(TURN);
    show('a card');
    for (let count = 0; count < 4; count++) {
      await time.pass(500);
      narrator.personSpoke();
    }
    await time.pass(600);
    assert.deepEqual(said, []);
    await time.pass(100);
    assert.deepEqual(said, ['a card']);

    const noisy = narrating();
    noisy.enter(TURN);
    noisy.show('a card');
    for (let count = 0; count < 14; count++) {
      await noisy.time.pass(500);
      noisy.narrator.personSpoke();
    }
    assert.deepEqual(noisy.said, ['a card']);
  });

  it('during a reply waits for its end, and only the newest does', async () => {
    const { time, said, show, plays, over, enter } = narrating();
    enter(TURN);
    for (const text of ['one', 'two', 'three']) {
      show(text);
      await time.pass(1_000);
    }
    assert.deepEqual([said, plays.count], [['one'], 1]);
    over();
    await time.pass(1);
    assert.deepEqual([said, plays.count], [['one', 'three'], 2]);
  });

  it('outside a conversation, or for the eye only, is not spoken', async () => {
    const { time, said, show, enter } = narrating();
    enter('listening');
    show('hello');
    await time.pass(1_000);
    enter(TURN);
    await time.pass(1_000);
    assert.deepEqual(said, []);
    const shown = narrating({ speaksDisplays: false });
    shown.enter(TURN);
    shown.show('hello');
    await shown.time.pass(1_000);
    assert.deepEqual(shown.said, []);
  });

  it('that changes for ever is not spoken for ever', async () => {
    const { time, said, show, over, enter } = narrating({ unaskedLimitMs: 60_000 });
    enter(TURN);
    for (let minute = 0; minute < 10; minute++) {
      for (let second = 0; second < 60; second += 2) {
        show(`${minute}:${second}`);
        await time.pass(2_000);
        over();
      }
    }
    assert.ok(said.length > 20 && said.length <= 30, `${said.length}`);
  });

  it('that cannot be spoken does not stand in the way of the next', async () => {
    const said: string[] = [];
    const say = async (text: string) => {
      said.push(text);
      if (text === 'one') throw new Error('no voice');
      return SOUND;
    };
    const { time, show, plays, enter } = narrating({ voice: { say } });
    enter(TURN);
    for (const text of ['one', 'two']) {
      show(text);
      await time.pass(1_000);
    }
    assert.deepEqual([said, plays.count], [['one', 'two'], 1]);
  });
});

describe('the dashboard', () => {
  it('is kept, and read when asked for, also as the conversation begins', async () => {
    const { narrator, time, said, plays, enter } = narrating();
    narrator.show({ type: 'display', view: 'dashboard', kind: 'text', text: 'It is $TIME$' });
    await time.pass(5_000);
    assert.deepEqual(said, []);
    enter('hotwordDetected');
    narrator.readDashboard();
    await time.pass(10);
    assert.equal(plays.count, 0);
    enter(TURN);
    assert.deepEqual([said, plays.count], [['It is noon'], 1]);
  });

  it('that holds nothing is said to', async () => {
    const { narrator, time, said, enter } = narrating();
    enter(TURN);
    narrator.readDashboard();
    await time.pass(1);
    assert.deepEqual(said, ['There is nothing on the dashboard.']);
  });

  it('of a conversation that did not begin is not read in the next', async () => {
    const { narrator, time, plays, enter } = narrating();
    enter('hotwordDetected');
    narrator.readDashboard();
    await time.pass(1);
    enter('listening');
    enter(TURN);
    await time.pass(1_000);
    assert.equal(plays.count, 0);
  });
});

describe('a sound that is asked for', () => {
  it('is played and answered, one after the other', async () => {
    const { narrator, time, told, over, plays, enter } = narrating();
    enter(TURN);
    await time.pass(1_000);
    narrator.request(play('a'));
    narrator.request(play('b'));
    await time.pass(1);
    assert.deepEqual([plays.count, outcomes(told)], [1, []]);
    over();
    await time.pass(1);
    over();
    assert.deepEqual([plays.count, outcomes(told)], [2, ['a: played', 'b: played']]);
  });

  it('stops what plays where it is to', async () => {
    const { narrator, time, told, plays, enter } = narrating();
    enter(TURN);
    await time.pass(1_000);
    narrator.request(play('a'));
    await time.pass(1);
    narrator.request(play('b', { stopsOthers: true }));
    await time.pass(1);
    assert.deepEqual([plays, outcomes(told)], [{ count: 2, stops: 1 }, ['a: stopped by another sound']]);
  });

  it('is silenced by its app, and by no other', async () => {
    const { narrator, time, told, plays, enter } = narrating();
    enter(TURN);
    await time.pass(1_000);
    narrator.request(play('a'));
    await time.pass(1);
    narrator.stopOf('another');
    assert.equal(plays.stops, 0);
    narrator.stopOf('app');
    assert.deepEqual([plays.stops, outcomes(told)], [1, ['a: stopped by the app']]);
  });

  it('is answered once whatever becomes of it', async () => {
    const { narrator, time, told, enter } = narrating({
      fetchSound: ({ id }) => (id === 'bad' ? Promise.reject(new Error('HTTP 404')) : Promise.resolve(SOUND)),
    });
    narrator.request(play('early'));
    enter(LISTENING);
    enter(TURN);
    await time.pass(1_000);
    narrator.request(play('bad'));
    await time.pass(1);
    narrator.request(play('cut'));
    await time.pass(1);
    narrator.request(play('waiting'));
    narrator.cut();
    enter(TURN);
    narrator.request(play('ended'));
    enter('listening');
    await time.pass(1_000);
    assert.deepEqual(outcomes(told), [
      'early: the device is muted, or not ready',
      'bad: HTTP 404',
      'cut: interrupted',
      'waiting: interrupted',
      'ended: interrupted',
    ]);
  });

  it('waits until the person has finished the sentence, but not for ever', async () => {
    const speaking = async (said: ReturnType<typeof narrating>, halfSeconds: number) => {
      for (let count = 0; count < halfSeconds; count++) {
        await said.time.pass(500);
        said.narrator.personSpoke();
      }
    };
    // It is still being fetched when the hotword comes.
    const short = narrating();
    short.enter(LISTENING);
    short.narrator.request(play('a'));
    short.enter('hotwordDetected');
    short.enter(TURN);
    await speaking(short, 4);
    await short.time.pass(699);
    assert.equal(short.plays.count, 0);
    await short.time.pass(1);
    assert.equal(short.plays.count, 1);

    const long = narrating();
    long.enter(TURN);
    long.narrator.request(play('a'));
    await speaking(long, 9);
    assert.equal(long.plays.count, 0);
    await speaking(long, 4);
    assert.equal(long.plays.count, 1);

    const ended = narrating();
    ended.enter(TURN);
    ended.narrator.request(play('a'));
    await ended.time.pass(100);
    ended.enter(LISTENING);
    assert.equal(ended.time.pending, 0);
    await ended.time.pass(5_000);
    assert.deepEqual([ended.plays.count, outcomes(ended.told)], [0, ['a: interrupted']]);
  });

  it('that is longer than may be played is refused in words', async () => {
    const { narrator, time, told, plays, enter } = narrating({
      soundLimitMs: 10_000,
      fetchSound: async ({ id }) => ({ rateHz: 8_000, samples: new Int16Array(id === 'long' ? 80_001 : 80_000) }),
    });
    enter(LISTENING);
    narrator.request(play('long'));
    narrator.request(play('fits'));
    await time.pass(1);
    assert.equal(plays.count, 1);
    assert.deepEqual(outcomes(told), [
      'long: it is longer than the 10 s of speaker.buffer_limit_ms; a larger value lets it play',
    ]);
  });

  it('outside a conversation is an announcement, one after the other, and the device listens again', async () => {
    const { narrator, time, told, plays, over, enter } = narrating();
    enter(LISTENING);
    narrator.request(play('a'));
    narrator.request(play('b'));
    await time.pass(1);
    assert.deepEqual([plays.count, outcomes(told)], [1, []]);
    over();
    await time.pass(1);
    over();
    assert.deepEqual([plays.count, outcomes(told)], [2, ['a: played', 'b: played']]);
    narrator.request(play('c'));
    await time.pass(1);
    narrator.stopOf('app');
    assert.deepEqual([plays, outcomes(told).at(-1)], [{ count: 3, stops: 1 }, 'c: stopped by the app']);
  });

  it('as a conversation begins waits for the turn, and a text never becomes an announcement', async () => {
    const { narrator, time, told, plays, over, enter } = narrating();
    enter(LISTENING);
    narrator.request(play('a'));
    enter('hotwordDetected');
    await time.pass(1);
    assert.equal(plays.count, 0);
    enter(TURN);
    await time.pass(1_000);
    assert.equal(plays.count, 1);
    over();
    enter(LISTENING);
    narrator.request(play('b'));
    await time.pass(1);
    narrator.readDashboard();
    over();
    await time.pass(1);
    assert.equal(plays.count, 2);
    narrator.request(play('c'));
    await time.pass(1);
    assert.equal(plays.count, 3, 'what was not said does not stand in the way');
    over();
    assert.deepEqual(outcomes(told), ['a: played', 'b: played', 'c: played']);
  });
});

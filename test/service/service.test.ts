import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { pino } from 'pino';
import { type Health, Service } from '../../src/service/service.js';
import { FakeClock } from '../link/support.js';
import { FakeManager, silentJournal } from './support.js';

function serve(watchdogMs?: number) {
  const clock = new FakeClock();
  const manager = new FakeManager(watchdogMs);
  const journal = silentJournal();
  const health: Health = { chunkAgeMs: 0, overdueState: undefined, isMuted: false };
  const service = new Service({
    notifier: manager,
    journal,
    health: () => health,
    clock,
    log: pino({ level: 'silent' }),
  });
  service.start();
  const listen = () => {
    journal.record('client.started', { version: '0', protocol: 'gemitars', server: 'ws://localhost' });
    journal.record('hotword.ready', { engine: 'pocketsphinx', phrases: ['hey tars'] });
    journal.record('mic.ready', { backend: 'arecord', device: 'default', rateHz: 16_000 });
    journal.record('state.changed', { from: 'idle', to: 'listening', why: 'mic.ready' });
  };
  return { clock, manager, journal, health, service, listen };
}

const UP = { url: 'ws://localhost', attempt: 1 };
const DOWN = { code: 1006, reason: 'gone', retryInMs: 1000, failures: 1 };

describe('what systemd is told', () => {
  it('is READY once, when microphone and engine run, whether the server is there or not', () => {
    const { manager, journal, listen } = serve();
    journal.record('hotword.ready', { engine: 'pocketsphinx', phrases: ['hey tars'] });
    assert.equal(manager.count('READY'), 0);
    listen();
    assert.equal(manager.count('READY'), 1);
    journal.record('state.changed', { from: 'listening', to: 'idle', why: 'mic.lost' });
    journal.record('state.changed', { from: 'idle', to: 'listening', why: 'mic.ready' });
    assert.equal(manager.count('READY'), 1);
  });

  it('is READY also where the person muted it while it started, and RELOADING not before', async () => {
    const { manager, journal, health, service } = serve();
    health.isMuted = true;
    journal.record('client.started', { version: '0', protocol: 'gemitars', server: 'ws://localhost' });
    assert.equal(manager.count('READY'), 0);
    await service.reloading(async () => {
      journal.record('hotword.ready', { engine: 'pocketsphinx', phrases: ['hey tars'] });
    });
    assert.deepEqual([manager.count('RELOADING'), manager.count('READY')], [0, 2]);
    await service.reloading(async () => undefined);
    assert.deepEqual([manager.count('RELOADING'), manager.count('READY')], [1, 3]);
  });

  it('is that more time is needed, as long as there is no microphone and no longer', () => {
    const { clock, manager, journal, listen } = serve();
    journal.record('mic.lost', { why: 'PortAudio sees no microphone' });
    clock.advance(300_000);
    const asked = manager.count('EXTEND_TIMEOUT_USEC');
    assert.ok(asked >= 20, `asked ${asked} times in 5 minutes`);
    assert.equal(manager.count('READY'), 0);
    listen();
    clock.advance(300_000);
    assert.equal(manager.count('EXTEND_TIMEOUT_USEC'), asked);
  });

  it('is what the device does, in words', () => {
    const { clock, manager, journal, health, listen } = serve();
    listen();
    assert.equal(manager.status, 'Listening for "hey tars"; not connected yet');
    journal.record('link.up', UP);
    assert.equal(manager.status, 'Listening for "hey tars"');
    journal.record('state.changed', { from: 'listening', to: 'hotwordDetected', why: 'hotword' });
    assert.equal(manager.status, 'Heard the hotword');
    journal.record('state.changed', { from: 'hotwordDetected', to: 'activeSession.userTurn', why: 'link.up' });
    assert.equal(manager.status, 'In conversation');
    journal.record('link.down', DOWN);
    journal.record('state.changed', { from: 'activeSession.userTurn', to: 'listening', why: 'link.down' });
    assert.equal(manager.status, 'Listening for "hey tars"; server unreachable');
    clock.advance(3 * 60_000);
    assert.equal(manager.status, 'Listening for "hey tars"; server unreachable for 3 min');
    journal.record('link.down', { ...DOWN, failures: 9 });
    clock.advance(5 * 3_600_000);
    assert.equal(manager.status, 'Listening for "hey tars"; server unreachable for 5 h');
    journal.record('link.up', UP);
    health.isMuted = true;
    journal.record('state.changed', { from: 'listening', to: 'idle', why: 'mute' });
    assert.equal(manager.status, 'Muted');
    health.isMuted = false;
    journal.record('state.changed', { from: 'idle', to: 'listening', why: 'mic.ready' });
    journal.record('mic.lost', { why: 'unplugged' });
    journal.record('state.changed', { from: 'listening', to: 'idle', why: 'mic.lost: unplugged' });
    assert.equal(manager.status, 'No microphone: unplugged');
  });

  it('is that the device is muted, also after a reload and where there is no microphone', () => {
    const { clock, manager, journal, health, listen } = serve();
    listen();
    journal.record('link.up', UP);
    health.isMuted = true;
    journal.record('state.changed', { from: 'listening', to: 'idle', why: 'shutdown' });
    assert.equal(manager.status, 'Muted');
    health.isMuted = false;
    journal.record('mic.lost', { why: 'PortAudio sees no microphone' });
    assert.equal(manager.status, 'No microphone: PortAudio sees no microphone');
    health.isMuted = true;
    clock.advance(60_000);
    assert.equal(manager.status, 'Muted');
  });

  it('is not told again while nothing changes', () => {
    const { clock, manager, journal, listen } = serve();
    listen();
    journal.record('link.up', UP);
    const told = manager.told.length;
    clock.advance(3_600_000);
    assert.equal(manager.told.length, told);
  });

  it('is STOPPING at the end, once, and nothing after it', () => {
    const { clock, manager, service, listen } = serve(20_000);
    listen();
    service.close();
    service.close();
    const told = manager.told.length;
    assert.equal(manager.count('STOPPING'), 1);
    clock.advance(120_000);
    assert.equal(manager.told.length, told);
    assert.equal(clock.pending, 0);
  });
});

describe('the watchdog', () => {
  it('is fed several times within its time while chunks flow', () => {
    const { clock, manager, listen } = serve(20_000);
    listen();
    clock.advance(60_000);
    assert.equal(manager.count('WATCHDOG'), 12);
  });

  it('is not fed while no chunk comes, and again when they do', () => {
    const { clock, manager, health, listen } = serve(20_000);
    listen();
    health.chunkAgeMs = 5_001;
    clock.advance(60_000);
    assert.equal(manager.count('WATCHDOG'), 0);
    health.chunkAgeMs = 30;
    clock.advance(20_000);
    assert.equal(manager.count('WATCHDOG'), 4);
  });

  it('is not fed while a state is overdue', () => {
    const { clock, manager, health, listen } = serve(20_000);
    listen();
    health.overdueState = 'activeSession.reply';
    clock.advance(60_000);
    assert.equal(manager.count('WATCHDOG'), 0);
  });

  it('is fed while the device is muted', () => {
    const { clock, manager, health, listen } = serve(20_000);
    listen();
    health.chunkAgeMs = undefined;
    clock.advance(60_000);
    assert.equal(manager.count('WATCHDOG'), 12);
  });

  it('is not fed for the time in which the event loop was blocked', () => {
    const { clock, manager, listen } = serve(20_000);
    listen();
    clock.block(60_000);
    assert.equal(manager.count('WATCHDOG'), 1);
  });

  it('is not fed where nobody watches', () => {
    const { clock, manager, listen } = serve();
    listen();
    clock.advance(600_000);
    assert.equal(manager.count('WATCHDOG'), 0);
  });
});

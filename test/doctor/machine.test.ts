import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { examine } from '../../src/doctor/examine.js';
import { type Check, type Finding, ok } from '../../src/doctor/finding.js';
import { type MachineView, machineCheck, unitCheck } from '../../src/doctor/machine.js';
import { lineOf, verdictOf } from '../../src/doctor/report.js';
import { thisUser, type UserView, userCheck } from '../../src/doctor/user.js';

const MIB = 1024 * 1024;

function machine(changes: Partial<MachineView> & { outputs?: Record<string, string> } = {}): MachineView {
  const { outputs = {}, ...more } = changes;
  return {
    nodeVersion: '20.20.2',
    arch: 'arm64',
    platform: 'linux',
    nowMs: Date.UTC(2027, 0, 1),
    freeBytes: 300 * MIB,
    totalBytes: 512 * MIB,
    output: async (program, args) =>
      (args.includes('--user') ? undefined : outputs[program]) ?? Promise.reject(new Error('ENOENT')),
    read: () => Promise.reject(new Error('ENOENT')),
    ...more,
  };
}

function user(changes: Partial<UserView> = {}): UserView {
  return {
    name: 'pi',
    isRoot: false,
    groups: ['pi', 'audio'],
    env: {},
    exists: (path) => path === '/dev/snd',
    ...changes,
  };
}

async function find(check: Check, subject: string): Promise<Finding | undefined> {
  const findings = await check.run(new AbortController().signal);
  return findings.find((finding) => finding.subject === subject);
}

describe('what the doctor says of the machine', () => {
  const cases: [name: string, view: MachineView, subject: string, gravity: string, text: RegExp][] = [
    ['Node 20 on 64-bit Arm', machine(), 'node', 'ok', /20\.20\.2, linux arm64/],
    ['an old Node', machine({ nodeVersion: '18.19.0' }), 'node', 'failure', /18\.19\.0/],
    ['a 32-bit system', machine({ arch: 'arm' }), 'node', 'warning', /64-bit/],
    [
      'a clock that was never set',
      machine({ nowMs: Date.UTC(2023, 4, 1) }),
      'clock',
      'failure',
      /2023-05-01.*in the past/,
    ],
    ['little memory', machine({ freeBytes: 40 * MIB }), 'memory', 'warning', /40 MiB free of 512/],
    ['a hot processor', machine({ read: async () => '82500\n' }), 'temperature', 'warning', /83 °C/],
    ['a cool one', machine({ read: async () => '45000\n' }), 'temperature', 'ok', /45 °C/],
    [
      'too low a voltage now',
      machine({ outputs: { vcgencmd: 'throttled=0x50005\n' } }),
      'power',
      'warning',
      /too low now/,
    ],
    ['one earlier', machine({ outputs: { vcgencmd: 'throttled=0x50000\n' } }), 'power', 'warning', /since the start/],
    ['enough', machine({ outputs: { vcgencmd: 'throttled=0x0\n' } }), 'power', 'ok', /well/],
  ];
  for (const [name, view, subject, gravity, text] of cases) {
    it(name, async () => {
      const finding = await find(machineCheck(view), subject);
      assert.equal(finding?.gravity, gravity);
      assert.match(finding?.text ?? '', text);
      if (gravity !== 'ok') assert.ok(finding?.remedy);
    });
  }

  it('nothing of a thermometer and a firmware that are not there', async () => {
    assert.equal(await find(machineCheck(machine()), 'temperature'), undefined);
    assert.equal(await find(machineCheck(machine()), 'power'), undefined);
  });
});

describe('what the doctor says of the unit', () => {
  const show = (fields: Record<string, string>) =>
    machine({
      outputs: {
        systemctl: Object.entries(fields)
          .map((pair) => pair.join('='))
          .join('\n'),
      },
    });

  it('its state and its own words', async () => {
    const view = show({
      LoadState: 'loaded',
      ActiveState: 'active',
      StatusText: 'Listening for "hey tars"',
      NRestarts: '2',
    });
    const finding = await find(unitCheck(view), 'service');
    assert.deepEqual([finding?.gravity, finding?.text], ['ok', 'active, restarted 2 times, Listening for "hey tars"']);
  });

  it('how to start one that gave up: whether the device would run, the other checks tell', async () => {
    const finding = await find(unitCheck(show({ LoadState: 'loaded', ActiveState: 'failed' })), 'service');
    assert.equal(finding?.gravity, 'warning');
    assert.match(finding?.remedy ?? '', /^sudo systemctl restart tars-client .*journalctl -u tars-client/);
  });

  describe('where this user has one too', () => {
    const both = (system: string, own: string) =>
      machine({
        output: async (_program, args) =>
          `LoadState=loaded\nActiveState=${args.includes('--user') ? own : system}\nStatusText=`,
      });
    const cases: [system: string, own: string, said: string[], remedy: RegExp][] = [
      ['inactive', 'active', ['of this user, active'], /^$/],
      ['active', 'inactive', ['active'], /^$/],
      ['inactive', 'inactive', ['inactive'], /^$/],
      ['inactive', 'failed', ['of this user, failed'], /^systemctl --user restart tars-client .*journalctl --user /],
      ['active', 'active', ['active', 'of this user, active'], /^$/],
    ];
    for (const [system, own, said, remedy] of cases) {
      it(`the system's ${system}, the user's ${own}`, async () => {
        const findings = await unitCheck(both(system, own)).run(new AbortController().signal);
        assert.deepEqual(
          findings.map(({ text }) => text),
          said,
        );
        assert.match(findings[0]?.remedy ?? '', remedy);
      });
    }
  });

  it('no warning of one that was stopped for the doctor or is starting, one of one that ends and ends', async () => {
    const gravityOf = async (fields: Record<string, string>) =>
      (await find(unitCheck(show({ LoadState: 'loaded', ...fields })), 'service'))?.gravity;
    assert.equal(await gravityOf({ ActiveState: 'inactive', SubState: 'dead' }), 'ok');
    assert.equal(await gravityOf({ ActiveState: 'activating', SubState: 'start' }), 'ok');
    assert.equal(await gravityOf({ ActiveState: 'activating', SubState: 'auto-restart' }), 'warning');
  });

  it('nothing where there is none', async () => {
    assert.equal(await find(unitCheck(show({ LoadState: 'not-found' })), 'service'), undefined);
    assert.equal(await find(unitCheck(machine()), 'service'), undefined);
  });
});

describe('what the doctor says of the user', () => {
  it('one who is not in the group audio cannot open a card', async () => {
    const finding = await find(userCheck(user({ groups: ['pi'] })), 'user');
    assert.equal(finding?.gravity, 'failure');
    assert.match(finding?.remedy ?? '', /usermod -aG audio pi/);
  });

  it('one without a name has a number', async () => {
    assert.equal((await thisUser(machine())).name, `user ${process.getuid?.()}`);
    assert.equal((await thisUser(machine({ outputs: { id: 'jo\n' } }))).name, 'jo');
  });

  it('one without cards need not be', async () => {
    assert.equal((await find(userCheck(user({ groups: ['pi'], exists: () => false })), 'user'))?.gravity, 'ok');
  });

  it('PipeWire of a session, and none for a service', async () => {
    const session = user({
      env: { XDG_RUNTIME_DIR: '/run/user/1000' },
      exists: (path) => path === '/run/user/1000/pipewire-0',
    });
    assert.match((await find(userCheck(session), 'sound server'))?.text ?? '', /PipeWire of this user/);
    const service = await find(userCheck(user({ exists: () => false })), 'sound server');
    assert.equal(service?.gravity, 'warning');
    assert.match(service?.text ?? '', /no session/);
  });
});

describe('the report', () => {
  it('ends at once when the program is stopped, and knows nothing of what was not looked at', {
    timeout: 5_000,
  }, async () => {
    const stop = new AbortController();
    const findings = await examine(
      [
        { subject: 'first', run: async () => [ok('first', 'is well')] },
        { subject: 'sleeper', run: () => new Promise(() => setImmediate(() => stop.abort())) },
        { subject: 'last', run: async () => [ok('last', 'is well')] },
      ],
      () => undefined,
      stop.signal,
    );
    assert.deepEqual(
      findings.map(({ subject }) => subject),
      ['first'],
    );
  });

  it('is a line a finding, with the remedy behind an arrow, whatever was said', () => {
    const finding: Finding = { gravity: 'failure', subject: 'server', text: 'two\nlines', remedy: 'mend it' };
    assert.equal(lineOf(finding, false), '✗ server          two; lines → mend it\n');
    assert.match(verdictOf([finding]), /^one thing would keep the device from working\.\n$/);
    assert.match(verdictOf([]), /All is well/);
  });

  it('has a check that throws, and one that never ends, as failures', async () => {
    const told: Finding[] = [];
    const findings = await examine(
      [
        { subject: 'thrower', run: () => Promise.reject(new Error('broken')) },
        { subject: 'sleeper', limitMs: 20, run: () => new Promise(() => undefined) },
      ],
      (finding) => told.push(finding),
      new AbortController().signal,
    );
    assert.deepEqual(told, findings);
    assert.deepEqual(
      findings.map(({ subject, text }) => `${subject}: ${text}`),
      ['thrower: broken', 'sleeper: this check did not end within 0.02 s'],
    );
  });
});

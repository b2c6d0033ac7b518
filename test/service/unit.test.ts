import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

const fileOf = (path: string) => fileURLToPath(new URL(`../../../${path}`, import.meta.url));
const UNIT = fileOf('systemd/tars-client.service');
const EXPOSURE_LIMIT = 1.8;
const skip = spawnSync('systemd-analyze', ['--version']).error ? 'systemd-analyze is not here' : false;

describe('systemd/tars-client.service', { skip }, () => {
  it('is a unit that systemd understands to the last line', () => {
    const { status, stdout, stderr } = spawnSync('systemd-analyze', ['verify', UNIT], { encoding: 'utf8' });
    assert.equal(`${stdout}${stderr}`, '');
    assert.equal(status, 0);
  });

  it(`is exposed no more than ${EXPOSURE_LIMIT}, by systemd's own measure, also where it has the GPIO lines`, (test) => {
    const folder = mkdtempSync(join(tmpdir(), 'tars-unit-'));
    test.after(() => rmSync(folder, { recursive: true }));
    const unit = join(folder, 'tars-client.service');
    const gpio = readFileSync(fileOf('systemd/gpio.conf'), 'utf8').replace('[Service]\n', '');
    writeFileSync(unit, readFileSync(UNIT, 'utf8').replace('[Service]\n', `[Service]\n${gpio}`));
    const verified = spawnSync('systemd-analyze', ['verify', unit], { encoding: 'utf8' });
    assert.equal(`${verified.stdout}${verified.stderr}`, '');
    const report = execFileSync('systemd-analyze', ['security', '--offline=true', unit], { encoding: 'utf8' });
    const exposure = Number(/Overall exposure level for \S+: ([\d.]+)/.exec(report)?.[1]);
    test.diagnostic(`exposure ${exposure}`);
    assert.ok(exposure > 0 && exposure <= EXPOSURE_LIMIT, report);
  });
});

/** What the units promise of a device that nobody looks after; section by section, as systemd reads them. */
const BOTH: readonly (readonly [section: string, line: string])[] = [
  ['Unit', 'StartLimitIntervalSec=0'],
  ['Service', 'Type=notify'],
  ['Service', 'NotifyAccess=main'],
  ['Service', 'WatchdogSec=30'],
  ['Service', 'Restart=always'],
  ['Service', 'RestartSec=5'],
  ['Service', 'RestartPreventExitStatus=78'],
  ['Service', 'ExecReload=/bin/sh -c "kill -HUP $MAINPID"'],
  ['Service', 'TimeoutStopSec=10'],
  ['Service', 'LimitCORE=0'],
  ['Service', 'MemoryMax=384M'],
  ['Service', 'TasksMax=128'],
  ['Service', 'StateDirectory=tars-client'],
];
const OF_THE_SYSTEM: typeof BOTH = [
  ['Unit', 'After=network.target sound.target'],
  ['Service', 'DynamicUser=yes'],
  ['Service', 'SupplementaryGroups=audio'],
  ['Service', 'LoadCredential=tars:/etc/tars-client/credentials'],
  ['Install', 'WantedBy=multi-user.target'],
];

for (const [name, lines] of [
  ['tars-client.service', [...BOTH, ...OF_THE_SYSTEM]],
  ['tars-client-user.service', [...BOTH, ['Install', 'WantedBy=default.target']]],
] as const) {
  describe(`systemd/${name} has`, () => {
    const sections = readFileSync(fileOf(`systemd/${name}`), 'utf8').split(/^(?=\[)/m);
    for (const [section, line] of lines) {
      it(line, () => {
        const key = line.slice(0, line.indexOf('=') + 1);
        const own = sections.filter((text) => text.startsWith(`[${section}]`)).flatMap((text) => text.split('\n'));
        assert.deepEqual(
          own.filter((each) => each.startsWith(key)),
          [line],
        );
      });
    }
  });
}

describe('systemd/tars-client-user.service', { skip }, () => {
  it('is a unit of a user that systemd understands to the last line', (test) => {
    const runtime = mkdtempSync(join(tmpdir(), 'tars-runtime-'));
    test.after(() => rmSync(runtime, { recursive: true }));
    const unit = fileOf('systemd/tars-client-user.service');
    const { status, stdout, stderr } = spawnSync('systemd-analyze', ['--user', 'verify', unit], {
      encoding: 'utf8',
      env: { ...process.env, XDG_RUNTIME_DIR: runtime },
    });
    assert.equal(`${stdout}${stderr}`, '');
    assert.equal(status, 0);
  });
});

const isInstalled = existsSync('/etc/tars-client') && 'a device is installed here';

describe('systemd/install.sh --dry-run', { skip: isInstalled }, () => {
  const unit = readFileSync(UNIT, 'utf8');
  const said = () => execFileSync(fileOf('systemd/install.sh'), ['--dry-run'], { encoding: 'utf8' });

  it('makes the folder without which the unit does not start', () => {
    const folder = /^LoadCredential=[^:]+:(\/.*)$/m.exec(unit)?.[1];
    assert.ok(folder !== undefined, unit);
    assert.match(said(), new RegExp(`^would run: mkdir -m 700 ${folder}$`, 'm'));
  });

  it('puts the configuration where the program looks when the unit names none', () => {
    assert.doesNotMatch(unit, /^ExecStart=.*--config/m);
    assert.match(said(), /^would write: \/etc\/tars-client\/config\.toml$/m);
  });

  it('is of a unit that finds Node also in /usr/local, where the advice of setup.sh for Debian 12 puts it', () => {
    assert.match(readFileSync(fileOf('setup.sh'), 'utf8'), /Debian 12.*npx --yes n 20/);
    assert.doesNotMatch(unit, /^ExecStart=\/\S*\/node\b/m);
  });
});

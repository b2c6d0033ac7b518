import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

const UNIT = fileURLToPath(new URL('../../../systemd/tars-client.service', import.meta.url));
const EXPOSURE_LIMIT = 1.8;
const skip = spawnSync('systemd-analyze', ['--version']).error ? 'systemd-analyze is not here' : false;

describe('systemd/tars-client.service', { skip }, () => {
  it('is a unit that systemd understands to the last line', () => {
    const { status, stdout, stderr } = spawnSync('systemd-analyze', ['verify', UNIT], { encoding: 'utf8' });
    assert.equal(`${stdout}${stderr}`, '');
    assert.equal(status, 0);
  });

  it(`is exposed no more than ${EXPOSURE_LIMIT}, by systemd's own measure`, (test) => {
    const report = execFileSync('systemd-analyze', ['security', '--offline=true', UNIT], { encoding: 'utf8' });
    const exposure = Number(/Overall exposure level for \S+: ([\d.]+)/.exec(report)?.[1]);
    test.diagnostic(`exposure ${exposure}`);
    assert.ok(exposure > 0 && exposure <= EXPOSURE_LIMIT, report);
  });
});

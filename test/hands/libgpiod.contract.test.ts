import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { messageOf } from '../../src/errors.js';
import { loadLibgpiod } from '../../src/hands/libgpiod.js';
import { simulateChip, whyNoChip } from '../helpers/gpio-chip.js';

const SUITE = fileURLToPath(new URL('libgpiod-suite.js', import.meta.url));
const skip = whyNoChip() || (await loadLibgpiod().then(() => false, messageOf));

describe('the libgpiod of this machine', { skip }, () => {
  it('does what button and LED need, at a simulated chip', async (test) => {
    const chip = await simulateChip(test);
    const { NODE_TEST_CONTEXT: _, ...env } = process.env; // which would make its report one for a test runner
    const { status, stdout, stderr } = spawnSync(process.execPath, [SUITE], {
      env: { ...env, ...chip.variables },
      encoding: 'utf8',
      timeout: 30_000,
    });
    assert.equal(status, 0, `${stdout}${stderr}`);
    test.diagnostic(/interface v\d of the kernel/.exec(stdout)?.[0] ?? assert.fail(stdout));
  });
});

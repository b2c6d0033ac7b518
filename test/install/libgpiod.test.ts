import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { makeChip, whyNoChip } from '../helpers/gpio-chip.js';
import { DebianRoot, whyNoRoot } from './debian-root.js';

/** What the suite of libgpiod is made of, in the checkout and in the root alike. */
const PARTS = [
  'package.json',
  'dist/src',
  'dist/test/hands',
  'dist/test/helpers',
  'node_modules/koffi',
  'node_modules/@koromix',
];

describe('libgpiod 2, in a fresh Debian', { skip: whyNoRoot() || whyNoChip() }, () => {
  it('does what button and LED need, at a simulated chip', (test) => {
    using root = new DebianRoot();
    const installed = root.run('apt-get install -y --no-install-recommends libgpiod3');
    assert.equal(installed.code, 0, installed.text);
    mkdirSync(join(root.path, 'srv/chip'));
    makeChip(join(root.path, 'srv/chip'));
    for (const part of PARTS) {
      mkdirSync(join(root.path, 'srv', part, '..'), { recursive: true });
      root.bring(part, join('srv', part));
    }
    const { code, text } = root.run(
      'GPIO_CHIP_FOLDER=/srv/chip LD_PRELOAD=/srv/chip/chip.so node /srv/dist/test/hands/libgpiod-suite.js v2',
      60_000,
    );
    assert.equal(code, 0, text);
    test.diagnostic(root.run('dpkg-query --show libgpiod3').text.trim().replaceAll('\t', ' '));
  });
});

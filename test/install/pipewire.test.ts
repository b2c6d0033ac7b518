import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { DebianRoot, whyNoRoot } from './debian-root.js';

const PACKAGES =
  'pipewire pipewire-bin pipewire-pulse pipewire-alsa wireplumber pulseaudio-utils alsa-utils libasound2-plugins procps ' +
  'libpocketsphinx3 pocketsphinx-en-us libspeexdsp1 flite';
const PARTS = ['package.json', 'config', 'dist', 'node_modules'];
const SUITES = ['speaker/speaker.contract', 'mic/microphone.contract', 'e2e/sound'];

/** Debian 12 has a PipeWire whose pw-cat knows no raw sound, so this is where pw-cat is held to the contracts. */
describe('PipeWire, in a fresh Debian', { skip: whyNoRoot() }, () => {
  it('carries conversations through pw-cat, and through what other sound servers carry', (test) => {
    using root = new DebianRoot();
    const installed = root.run(`apt-get install -y --no-install-recommends ${PACKAGES}`);
    assert.equal(installed.code, 0, installed.text);
    mkdirSync(join(root.path, 'srv/tars'));
    for (const part of PARTS) root.bring(part, join('srv/tars', part));
    const files = SUITES.map((suite) => `dist/test/${suite}.test.js`).join(' ');
    const { code, text } = root.run(
      `cd /srv/tars && TEST_SOUND=pipewire node --test --test-concurrency=1 --test-reporter=spec ${files}`,
    );
    assert.equal(code, 0, text);
    test.diagnostic(root.run('dpkg-query --show pipewire wireplumber').text.trim().replaceAll(/\s+/g, ' '));
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type EngineParts, engineCheck } from '../../src/doctor/engine.js';
import { isWell, verdictOf } from '../../src/doctor/report.js';
import { HotwordError } from '../../src/errors.js';
import { createNone } from '../../src/hotword/none.js';

const listening = { ...createNone(), name: 'pocketsphinx', phrases: ['hey tars'] };
const KEY_FILE = 'the key is not valid; put the key from console.picovoice.ai into a file';

async function visit(make: EngineParts['make'], parts: Partial<EngineParts> = {}) {
  const findings = await engineCheck({ make, wanted: 'auto', keyFile: '', hasButton: false, ...parts }).run(
    new AbortController().signal,
  );
  return { findings, gravities: findings.map(({ gravity }) => gravity), isWell: isWell(findings) };
}

describe('what the doctor says of the hotword engine', () => {
  const refusing: (why: string, engine: typeof listening) => EngineParts['make'] = (why, engine) => async (log) => {
    log.warn({ engine: 'porcupine', why }, 'refuses');
    return engine;
  };

  it('a wrong key is a failure with a remedy; the device can run where another engine listens', async () => {
    const { findings, gravities, isWell } = await visit(refusing(KEY_FILE, listening));
    assert.deepEqual(gravities, ['failure', 'ok']);
    assert.equal(findings[0]?.text, 'porcupine refuses: the key is not valid');
    assert.equal(findings[0]?.remedy, 'put the key from console.picovoice.ai into a file');
    assert.equal(isWell, true);
    assert.equal(verdictOf(findings), 'The device can run; one thing could be better.\n');
  });

  it('a refusal without words of its own about it has a remedy', async () => {
    const { findings } = await visit(refusing('the key is not valid', listening));
    assert.match(findings[0]?.remedy ?? '', /access_key_file/);
  });

  it('the command that mends a key names its file, and one for a key that is used up there is not', async () => {
    const keyFile = '/etc/tars-client/credentials/porcupine-access-key';
    const edit =
      /^sudo nano \/etc\/tars-client\/credentials\/porcupine-access-key && sudo systemctl restart tars-client /;
    const { findings: wrong } = await visit(refusing('the key is not right: copy it again', listening), { keyFile });
    assert.match(wrong[0]?.remedy ?? '', edit);
    const { findings: spent } = await visit(refusing('the key was used too often', listening), { keyFile });
    assert.match(spent[0]?.remedy ?? '', /^compare/);
    const empty = `hotword.porcupine.access_key_file: the key in ${keyFile} is empty; copy it`;
    const { findings: none } = await visit(() => Promise.reject(new HotwordError(empty)), { keyFile });
    assert.match(none[0]?.remedy ?? '', edit);
  });

  it('no engine is a failure, with a button a warning, and well where it is wanted', async () => {
    const none = createNone() as typeof listening;
    const alone = await visit(refusing(KEY_FILE, none));
    assert.deepEqual([alone.gravities, alone.isWell], [['failure', 'failure'], false]);
    const withButton = await visit(refusing(KEY_FILE, none), { hasButton: true });
    assert.deepEqual([withButton.gravities, withButton.isWell], [['failure', 'warning'], true]);
    assert.deepEqual((await visit(async () => none, { wanted: 'none' })).gravities, ['ok']);
  });

  it('what keeps the device from starting has its remedy apart', async () => {
    const { findings, isWell } = await visit(() => Promise.reject(new HotwordError('no model; take another')));
    assert.deepEqual(findings, [{ gravity: 'failure', subject: 'hotword', text: 'no model', remedy: 'take another' }]);
    assert.equal(isWell, false);
  });
});

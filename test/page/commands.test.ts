import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { pino } from 'pino';
import { Commands, type Tuning } from '../../src/page/commands.js';
import { FakeDevice } from './support.js';

function setUp() {
  const saved: Tuning[] = [];
  const devices = [new FakeDevice()];
  const save = (tuning: Tuning) => {
    saved.push(tuning);
    return 'a file';
  };
  const device = () => devices.at(-1) ?? new FakeDevice();
  const commands = new Commands({ device, save, log: pino({ level: 'silent' }) });
  return { saved, devices, obey: (command: object) => commands.obey(JSON.stringify(command)), commands };
}

describe('what is saved of what was set on a page', () => {
  it('is what the device still has after its configuration was read again', async () => {
    const { saved, devices, obey, commands } = setUp();
    await obey({ do: 'volume', volume: 0.2 });
    await obey({ do: 'threshold', phrase: 'hey tars', threshold: 0.6 });
    assert.ok(commands.isUnsaved);
    const next = new FakeDevice();
    devices.push(next);
    assert.ok(!commands.isUnsaved);
    assert.ok((await obey({ do: 'save' })).isError);
    next.setVolume(0.2);
    await obey({ do: 'save' });
    assert.deepEqual(saved, [{ engine: 'openwakeword', thresholds: {}, volume: 0.2 }]);
  });

  it('is no threshold of another engine', async () => {
    const { saved, devices, obey } = setUp();
    await obey({ do: 'threshold', phrase: 'hey tars', threshold: 0.6 });
    const next = new FakeDevice();
    next.engine = 'pocketsphinx';
    next.setThreshold('hey tars', 0.6);
    devices.push(next);
    assert.ok((await obey({ do: 'save' })).isError);
    assert.deepEqual(saved, []);
  });

  it('is saved once', async () => {
    const { saved, obey, commands } = setUp();
    await obey({ do: 'threshold', phrase: 'hey tars', threshold: 0.6 });
    await obey({ do: 'save' });
    assert.deepEqual(saved, [{ engine: 'openwakeword', thresholds: { 'hey tars': 0.6 }, volume: undefined }]);
    assert.ok(!commands.isUnsaved);
  });
});

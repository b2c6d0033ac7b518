import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { holders, withHolders } from '../../src/pcm/holders.js';
import { fakeProc, heldBy } from './fake-proc.js';

const root = fakeProc({
  'asound/card0/id': 'vc4hdmi\n',
  'asound/card0/pcm0p/sub0/status': 'closed\n',
  'asound/card1/id': 'Device\n',
  'asound/card1/pcm0p/sub0/status': heldBy(812),
  'asound/card1/pcm0c/sub0/status': heldBy(900),
  'asound/card1/pcm0c/sub1/status': heldBy(900),
  'asound/card1/pcm0c/info': 'card: 1\n',
  'asound/cards': ' 0 [vc4hdmi ]\n',
  '812/comm': 'pulseaudio\n',
  '812/cgroup': '0::/user.slice/user-1000.slice/user@1000.service/session.slice/pulseaudio.service\n',
  '901/comm': 'arecord\n',
  '901/cgroup': '0::/system.slice/tars-client.service\n',
  'asound/card2/id': 'Array\n',
  'asound/card2/pcm0c/sub0/status': heldBy(901),
});

describe('who holds a sound device', () => {
  it('is read from the kernel, each process once', () => {
    assert.deepEqual(holders('p', root), [{ card: 'Device', index: 1, pid: 812, program: 'pulseaudio' }]);
    assert.deepEqual(holders('c', root), [
      { card: 'Device', index: 1, pid: 900, program: '' },
      { card: 'Array', index: 2, pid: 901, program: 'arecord' },
    ]);
  });

  it('is nobody on a machine without sound', () => {
    assert.deepEqual(holders('p', join(root, 'nowhere')), []);
  });

  it('is said where a device is busy', () => {
    const why = 'aplay: main:831: audio open error: Device or resource busy';
    assert.equal(
      withHolders(why, '', 'p', root),
      `${why}; in use: Device by pulseaudio (pid 812, pulseaudio.service of user 1000)`,
    );
    assert.equal(
      withHolders(why, 'plughw:CARD=Device,DEV=0', 'c', root),
      `${why}; in use: Device by process (pid 900)`,
    );
  });

  it('is said in the words of the speaker package', () => {
    const why = 'speaker: Failed to open output device';
    assert.match(withHolders(why, '', 'p', root), /in use: Device by pulseaudio/);
  });

  it('is said with its service', () => {
    const why = withHolders('Device or resource busy', 'plughw:CARD=Array', 'c', root);
    assert.equal(why, 'Device or resource busy; in use: Array by arecord (pid 901, tars-client.service)');
  });

  it('is not said of another card, or of another failure', () => {
    assert.equal(withHolders('resource busy', 'plughw:CARD=vc4hdmi', 'p', root), 'resource busy');
    assert.equal(withHolders('No such file or directory', '', 'p', root), 'No such file or directory');
  });
});

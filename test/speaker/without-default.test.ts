import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { withoutDefault } from '../../src/speaker/without-default.js';
import { fakeProc, heldBy } from '../pcm/fake-proc.js';

const free = fakeProc({});
const held = fakeProc({
  'asound/card1/id': 'Device\n',
  'asound/card1/pcm0p/sub0/status': heldBy(812),
  '812/comm': 'mpd\n',
});

describe('a speaker package that finds no default', () => {
  it('is told apart: never there, no longer there, held', () => {
    assert.match(withoutDefault(false, free), /^no loudspeaker .*: plug one in/);
    assert.match(withoutDefault(true, free), /no longer opens: another program holds it, or .* unplugged/);
    for (const wasThere of [false, true])
      assert.match(withoutDefault(wasThere, held), /does not open; in use: Device by mpd \(pid 812\)$/);
  });
});

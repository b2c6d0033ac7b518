import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, describe, it } from 'node:test';
import { withoutDefault } from '../../src/speaker/without-default.js';

const root = mkdtempSync(join(tmpdir(), 'tars-proc-'));
after(() => rmSync(root, { recursive: true }));

describe('a speaker package that finds no default', () => {
  it('is told apart: never there, no longer there, held', () => {
    assert.match(withoutDefault(false, root), /^no loudspeaker .*: plug one in/);
    assert.match(withoutDefault(true, root), /no longer opens: another program holds it, or .* unplugged/);
    const files = {
      'asound/card1/id': 'Device\n',
      'asound/card1/pcm0p/sub0/status': 'state: RUNNING\nowner_pid   : 812\n',
      '812/comm': 'mpd\n',
    };
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), content);
    }
    for (const wasThere of [false, true])
      assert.match(withoutDefault(wasThere, root), /does not open; in use: Device by mpd \(pid 812\)$/);
  });
});

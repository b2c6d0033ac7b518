import { holdersSaid } from '../pcm/holders.js';

/**
 * Why the speaker package does not load, which aborts in its start-up where it cannot open ALSA's `default`, whatever device
 * it is to play on. ALSA says the same of a device that is not there and of one that another program holds: the kernel and
 * what was before tell them apart. `root` is for tests.
 */
export function withoutDefault(wasThere: boolean, root = '/proc'): string {
  const said = holdersSaid('', 'p', root);
  if (said !== '') return `ALSA's "default", without which the speaker package does not load, does not open; ${said}`;
  if (wasThere) return 'ALSA\'s "default" no longer opens: another program holds it, or the loudspeaker was unplugged';
  return (
    'no loudspeaker that ALSA\'s "default" can open: plug one in, end the program that holds it, or name one of ' +
    '`tars-client devices` as speaker.device together with speaker.backend = "aplay"'
  );
}

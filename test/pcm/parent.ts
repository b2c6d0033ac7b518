/**
 * A client that is only a microphone or a loudspeaker, for tests that kill it: `parent.js mic|speaker BACKEND [DEVICE]`. Prints
 * "ready" once the device works, and a dot for every chunk that it hears; a loudspeaker plays a minute of noise.
 */
import { pino } from 'pino';
import { systemClock } from '../../src/clock.js';
import { MICROPHONES } from '../../src/mic/registry.js';
import { bytesOf, SPEECH_FORMAT } from '../../src/pcm/format.js';
import { SPEAKERS } from '../../src/speaker/registry.js';
import { whiteNoise } from '../helpers/synthetic-speech.js';

const [kind, backend = '', device = ''] = process.argv.slice(2);
const common = { clock: systemClock, log: pino({ level: 'silent' }) };
const { signal } = new AbortController();
const ready = () => process.stdout.write('ready\n');

if (kind === 'mic') {
  const settings = { device, rateHz: 16_000, bits: 16 as const, channels: 1, channel: 1, gainDb: 0 };
  const microphone = MICROPHONES[backend]?.({ settings, rateHz: 16_000, ...common });
  await microphone?.capture({ chunk: () => process.stdout.write('.'), ready, lost: () => undefined }, signal);
} else {
  const speaker = SPEAKERS[backend]?.({ device, ...common });
  await speaker?.run(
    {
      ready: () => {
        speaker.open(SPEECH_FORMAT).write(bytesOf(whiteNoise(60_000, -30)));
        // Some backends start the child a moment later.
        setImmediate(ready);
      },
      lost: () => undefined,
    },
    signal,
  );
}

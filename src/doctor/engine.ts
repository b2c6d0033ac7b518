import { pino } from 'pino';
import type { HotwordEngine } from '../hotword/engine.js';
import type { Log } from '../log.js';
import { type Check, type Finding, ok, warning } from './finding.js';

const SUBJECT = 'hotword';

/**
 * Makes the hotword engine as the device would, with a log that is read here: an engine that refuses is told there; the device does without it. With
 * Porcupine this is one activation.
 */
export function engineCheck(make: (log: Log) => Promise<HotwordEngine>): Check {
  return {
    subject: SUBJECT,
    run: async () => {
      const refusals: Finding[] = [];
      const write = (line: string) => {
        const { engine, why } = JSON.parse(line) as { engine?: string; why?: string };
        if (why !== undefined) refusals.push(warning(SUBJECT, `${engine ?? 'an engine'} refuses: ${why}`));
      };
      const engine = await make(pino({ level: 'warn' }, { write }));
      engine.close();
      return [...refusals, engineFinding(engine)];
    },
  };
}

function engineFinding({ name, phrases }: HotwordEngine): Finding {
  const said = phrases.map((phrase) => `"${phrase}"`).join(', ');
  if (phrases.length > 0) return ok(SUBJECT, `${name} listens for ${said}`);
  return warning(
    SUBJECT,
    'no engine: only a button or a key starts a conversation',
    'sudo apt-get install libpocketsphinx3 pocketsphinx-en-us   (or choose hotword.engine)',
  );
}

import { pino } from 'pino';
import { HotwordError } from '../errors.js';
import type { HotwordEngine } from '../hotword/engine.js';
import type { Log } from '../log.js';
import { editCommand } from './commands.js';
import { type Check, type Finding, failure, ok, parted, warning } from './finding.js';

const SUBJECT = 'hotword';

/** What the engine check works with. */
export interface EngineParts {
  /** Makes the hotword engine as the device would; what refuses is told to the log. */
  make: (log: Log) => Promise<HotwordEngine>;
  /** `hotword.engine` */
  wanted: string;
  /** `hotword.porcupine.access_key_file` */
  keyFile: string;
  /** There is another way to begin a conversation. */
  hasButton: boolean;
}

/**
 * Makes the hotword engine as the device would. An engine that refuses is a failure, overcome where another one listens or a button begins
 * conversations. With Porcupine this is one activation.
 */
export function engineCheck(parts: EngineParts): Check {
  return {
    subject: SUBJECT,
    run: async () => {
      const refusals: Finding[] = [];
      const write = (line: string) => {
        const { engine, why } = JSON.parse(line) as { engine?: string; why?: string };
        if (why !== undefined) refusals.push(refusal(engine ?? 'an engine', why, parts.keyFile));
      };
      try {
        const engine = await parts.make(pino({ level: 'warn' }, { write }));
        engine.close();
        const last = engineFinding(engine, parts);
        if (last.gravity === 'failure') return [...refusals, last];
        return [...refusals.map((each) => ({ ...each, isOvercome: true as const })), last];
      } catch (error) {
        if (!(error instanceof HotwordError)) throw error;
        const [cause, remedy] = parted(error.message);
        const typed = cause.includes('porcupine.access_key_file') ? withCommand(cause, remedy, parts.keyFile) : remedy;
        return [...refusals, failure(SUBJECT, cause, typed)];
      }
    },
  };
}

function refusal(engine: string, why: string, keyFile: string): Finding {
  const [cause, remedy] = parted(why);
  const usual =
    engine === 'porcupine'
      ? 'compare the file of hotword.porcupine.access_key_file with the key at console.picovoice.ai, or choose another hotword.engine'
      : 'tars-client models   shows what there is; hotword.engine chooses';
  const helps = remedy ?? usual;
  return failure(
    SUBJECT,
    `${engine} refuses: ${cause}`,
    engine === 'porcupine' ? withCommand(cause, helps, keyFile) : helps,
  );
}

/** What is typed about Porcupine's key in front of what is said about it; a key that is right, but used up, needs no editor. */
function withCommand(cause: string, remedy: string | undefined, keyFile: string): string | undefined {
  if (/could not be checked/.test(cause)) return `timedatectl   (${remedy})`;
  if (keyFile === '' || !/\bkey\b/.test(cause) || /\bused\b/.test(cause)) return remedy;
  return remedy === undefined ? editCommand(keyFile) : `${editCommand(keyFile)}   (${remedy})`;
}

function engineFinding({ name, phrases }: HotwordEngine, { wanted, hasButton }: EngineParts): Finding {
  const said = phrases.map((phrase) => `"${phrase}"`).join(', ');
  if (phrases.length > 0) return ok(SUBJECT, `${name} listens for ${said}`);
  if (wanted === 'none')
    return ok(SUBJECT, 'none, as hotword.engine says: a button, a key or the server starts a conversation');
  const remedy = 'sudo apt-get install libpocketsphinx3 pocketsphinx-en-us   (or choose hotword.engine)';
  if (hasButton) return warning(SUBJECT, 'no engine: only the button starts a conversation', remedy);
  return failure(SUBJECT, 'no engine, and no gpio.button: nobody can start a conversation', remedy);
}

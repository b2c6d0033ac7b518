import { z } from 'zod';
import { ClientError, messageOf, PageError } from '../errors.js';
import type { Log } from '../log.js';
import type { PageDevice } from './device.js';

/** What a page may want done. */
const COMMAND = z.discriminatedUnion('do', [
  z.strictObject({ do: z.enum(['talk', 'stop', 'mute', 'unmute', 'tone', 'save']) }),
  z.strictObject({ do: z.literal('volume'), volume: z.number().min(0).max(1) }),
  z.strictObject({ do: z.literal('threshold'), phrase: z.string(), threshold: z.number().gt(0).max(1) }),
]);
type Command = z.infer<typeof COMMAND>;

/** What was set by the page, for who keeps it over a restart. */
export interface Tuning {
  /** The engine whose thresholds these are. */
  engine: string;
  thresholds: Readonly<Record<string, number>>;
  volume: number | undefined;
}

/** Options of `Commands`. */
export interface CommandsOptions {
  device: () => PageDevice;
  /** Keeps what was set; gives the path of the file. Throws ClientError. */
  save: (tuning: Tuning) => string;
  log: Pick<Log, 'error'>;
}

/** Does what pages want done, and remembers what they have set. */
export class Commands {
  readonly #options: CommandsOptions;
  #engine = '';
  #thresholds: Record<string, number> = {};
  #volume: number | undefined;

  constructor(options: CommandsOptions) {
    this.#options = options;
  }

  /** Something was set that `save` would keep. */
  get isUnsaved(): boolean {
    const { thresholds, volume } = this.#unsaved;
    return volume !== undefined || Object.keys(thresholds).length > 0;
  }

  /** Takes one message; resolves with a word for the person, or with "" where what happens tells enough. Never rejects. */
  async obey(text: string): Promise<{ text: string; isError: boolean }> {
    try {
      return { text: await this.#carryOut(parse(text)), isError: false };
    } catch (error) {
      const why = messageOf(error);
      if (error instanceof ClientError) return { text: why, isError: true };
      this.#options.log.error({ why }, 'what a page wanted failed');
      return { text: `that failed: ${why}`, isError: true };
    }
  }

  async #carryOut(command: Command): Promise<string> {
    const device = this.#options.device();
    switch (command.do) {
      case 'talk':
        if (device.state !== 'listening') throw new PageError(`the device does not listen now: it is ${device.state}`);
        device.talk();
        return '';
      case 'stop':
        device.stop();
        return '';
      case 'mute':
      case 'unmute':
        device.setMuted(command.do === 'mute');
        return '';
      case 'tone':
        await device.testTone();
        return 'The test tone was played.';
      case 'volume':
        device.setVolume(command.volume);
        this.#volume = command.volume;
        return '';
      case 'threshold':
        this.#setThreshold(device, command.phrase, command.threshold);
        return '';
      case 'save':
        return this.#save();
    }
  }

  #setThreshold(device: PageDevice, phrase: string, threshold: number): void {
    device.setThreshold(phrase, threshold);
    const { engine = '' } = device;
    if (engine !== this.#engine) this.#thresholds = {};
    this.#engine = engine;
    this.#thresholds[phrase] = threshold;
  }

  #save(): string {
    if (!this.isUnsaved) throw new PageError('neither a threshold nor the volume was changed here');
    const path = this.#options.save(this.#unsaved);
    this.#thresholds = {};
    this.#volume = undefined;
    return `Saved in ${path}; it holds after a restart too.`;
  }

  /** What was set here and is still so: a configuration that was read again, or another engine, may say otherwise. */
  get #unsaved(): Tuning {
    const { engine, thresholds, volume } = this.#options.device();
    const isSameEngine = (engine ?? '') === this.#engine;
    const kept = Object.entries(this.#thresholds).filter(
      ([phrase, value]) => isSameEngine && thresholds?.get(phrase) === value,
    );
    return {
      engine: this.#engine,
      thresholds: Object.fromEntries(kept),
      volume: volume === this.#volume ? this.#volume : undefined,
    };
  }
}

function parse(text: string): Command {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new PageError('a page sends what is no JSON', { cause: error });
  }
  const result = COMMAND.safeParse(value);
  if (result.success) return result.data;
  throw new PageError('a page wants something that this device does not know; load it again');
}

/** One of the two devices of the virtual sound. */
export type SoundDevice = 'mic' | 'spk';

/** What pactl calls a stream to a loudspeaker, and one from a microphone. */
export type StreamKind = 'sink-input' | 'source-output';

/** A sound server in user space, with everything that it needs in one folder. */
export interface SoundServer {
  /** The programs that it consists of, and those that speak to it. */
  readonly programs: readonly string[];
  /** Writes its configuration; resolves with what its clients need in their environment. */
  prepare(folder: string): Promise<NodeJS.ProcessEnv>;
  /** Starts it with both devices. Rejects with what it printed when it does not come up within 10 s. */
  start(env: NodeJS.ProcessEnv): Promise<void>;
  /** Ends it without a farewell, as a crash would. Resolves when it is gone. */
  kill(): Promise<void>;
  /** As `kill`, for the last moment of this process. */
  killNow(): void;
  /** The module of a device, as `pactl load-module` takes it. */
  deviceModule(device: SoundDevice): readonly string[];
  /** Ends streams, as `pactl list` numbers them. */
  endStreams(kind: StreamKind, indexes: readonly number[]): Promise<void>;
  /** Lets a device hang: it stays open and can be opened, but no sample moves and nothing fails; or ends that. */
  stall(device: SoundDevice, isStalled: boolean): Promise<void>;
}

export const START_LIMIT_MS = 10_000;
/** What is printed by a server is kept so far, in lines of its own. */
const KEPT_LINES = 200;

/** The last words of a process, for what is told when it does not come up. */
export class LastWords {
  readonly #blocks: string[] = [];

  hear(text: Buffer): void {
    this.#blocks.push(text.toString());
    if (this.#blocks.length > KEPT_LINES) this.#blocks.shift();
  }

  get text(): string {
    return this.#blocks.join('');
  }
}

import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AudioError } from '../../src/errors.js';
import { untilHolds } from './process-tree.js';
import { endProcess, outputOf } from './processes.js';
import { LastWords, type SoundDevice, type SoundServer, START_LIMIT_MS, type StreamKind } from './sound-server.js';
import { RATE_HZ } from './sound-tap.js';

const PARTS = ['pipewire', 'pipewire-pulse', 'wireplumber'] as const;
/** PipeWire's block of sound: 10 ms. */
const QUANTUM = RATE_HZ / 100;

/** PipeWire with its session manager and its PulseAudio server, as desktops have it. */
export class PipewireServer implements SoundServer {
  readonly programs = [...PARTS, 'pw-cat', 'pw-cli', 'pactl', 'pacat', 'parec'];
  #folder = '';
  #env: NodeJS.ProcessEnv = {};
  #daemons: ChildProcess[] = [];

  async prepare(folder: string): Promise<NodeJS.ProcessEnv> {
    this.#folder = folder;
    const put = async (program: string, text: string) => {
      const place = join(folder, 'config/pipewire', `${program}.conf.d`);
      await mkdir(place, { recursive: true });
      await writeFile(join(place, 'test.conf'), text);
    };
    await put(
      'pipewire',
      `context.properties = {
        support.dbus = false
        default.clock.rate = ${RATE_HZ}
        default.clock.allowed-rates = [ ${RATE_HZ} ]
        default.clock.quantum = ${QUANTUM}
        default.clock.min-quantum = ${QUANTUM}
      }`,
    );
    await put('pipewire-pulse', `pulse.properties = { server.address = [ "unix:${join(folder, 'native')}" ] }`);
    return { XDG_STATE_HOME: join(folder, 'state'), PIPEWIRE_RUNTIME_DIR: folder };
  }

  async start(env: NodeJS.ProcessEnv): Promise<void> {
    this.#env = env;
    for (const name of ['native', 'pipewire-0']) await rm(join(this.#folder, name), { force: true });
    const words = new LastWords();
    try {
      await this.#startPart('pipewire', words, 'pipewire-0');
      await this.#startPart('pipewire-pulse', words, 'native');
      for (const device of ['nowhere', 'spk', 'mic'] as const) {
        await outputOf('pactl', ['load-module', ...this.deviceModule(device)], env);
      }
      await this.#startPart('wireplumber', words);
    } catch (error) {
      throw new AudioError(`virtual sound: ${String(error)}\n${words.text}`, { cause: error });
    }
  }

  async #startPart(program: (typeof PARTS)[number], words: LastWords, socket?: string): Promise<void> {
    const daemon = spawn(program, [], { env: this.#env, stdio: ['ignore', 'ignore', 'pipe'] });
    this.#daemons.push(daemon);
    daemon.on('error', (error) => words.hear(Buffer.from(`${error}\n`)));
    daemon.stderr.on('data', (text: Buffer) => words.hear(text));
    if (socket === undefined) return;
    await untilHolds(
      () => existsSync(join(this.#folder, socket)),
      START_LIMIT_MS,
      () => `${program} has no socket`,
    );
  }

  async kill(): Promise<void> {
    const daemons = this.#daemons;
    this.#daemons = [];
    await Promise.all(daemons.map((daemon) => endProcess(daemon, 'SIGKILL')));
  }

  killNow(): void {
    for (const daemon of this.#daemons) daemon.kill('SIGKILL');
  }

  deviceModule(device: SoundDevice | 'nowhere'): readonly string[] {
    return ['module-null-sink', `sink_name=${device} rate=${RATE_HZ} channels=1 format=s16le`];
  }

  async endStreams(_kind: StreamKind, indexes: readonly number[]): Promise<void> {
    for (const index of indexes) await outputOf('pw-cli', ['destroy', `${index}`], this.#env);
  }

  /** Of both devices: nodes without hardware do not hang one by one. */
  async stall(_device: SoundDevice, isStalled: boolean): Promise<void> {
    this.#daemons[0]?.kill(isStalled ? 'SIGSTOP' : 'SIGCONT');
  }
}

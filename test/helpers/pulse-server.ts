import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { AudioError } from '../../src/errors.js';
import { endProcess, outputOf, within } from './processes.js';
import { LastWords, type SoundDevice, type SoundServer, START_LIMIT_MS, type StreamKind } from './sound-server.js';
import { RATE_HZ } from './sound-tap.js';

// Longer than a kill and restart in a test; an orphan of a killed test run still goes away by itself.
const EXIT_IDLE_S = 30;

/** PulseAudio: the sound server of the tests. */
export class PulseServer implements SoundServer {
  readonly programs = ['pulseaudio', 'pactl', 'pacat', 'parec'];
  #folder = '';
  #env: NodeJS.ProcessEnv = {};
  #daemon: ChildProcess | undefined;

  async prepare(folder: string): Promise<NodeJS.ProcessEnv> {
    this.#folder = folder;
    await writeFile(join(folder, 'daemon.pa'), this.#script());
    return {};
  }

  async start(env: NodeJS.ProcessEnv): Promise<void> {
    this.#env = env;
    for (const name of ['native', 'cli']) await rm(join(this.#folder, name), { force: true });
    const args = ['--daemonize=no', '--system=false', '--use-pid-file=no', '--disable-shm=yes'];
    // A sound card keeps its pace on a busy machine. PulseAudio goes on without where the system does not allow it.
    args.push(
      '--realtime=yes',
      '--high-priority=yes',
      `--exit-idle-time=${EXIT_IDLE_S}`,
      '--log-target=stderr',
      '--log-level=info',
    );
    const daemon = spawn('pulseaudio', [...args, '-n', '-F', join(this.#folder, 'daemon.pa')], {
      env,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#daemon = daemon;
    const words = new LastWords();
    const up = new Promise<void>((resolve, reject) => {
      daemon.once('error', reject);
      daemon.once('exit', (code) => reject(new Error(`pulseaudio ended with ${code}`)));
      daemon.stderr.on('data', (text: Buffer) => {
        words.hear(text);
        if (text.includes('Daemon startup complete')) resolve();
      });
    });
    await within(up, START_LIMIT_MS, () => 'pulseaudio').catch((error: unknown) => {
      throw new AudioError(`virtual sound: ${String(error)}\n${words.text}`, { cause: error });
    });
  }

  async kill(): Promise<void> {
    const daemon = this.#daemon;
    this.#daemon = undefined;
    if (daemon) await endProcess(daemon, 'SIGKILL');
  }

  killNow(): void {
    this.#daemon?.kill('SIGKILL');
  }

  /** Rewinding would rewrite what the recorder has heard already, so the sinks do without. */
  deviceModule(device: SoundDevice): readonly string[] {
    return ['module-null-sink', `sink_name=${device} rate=${RATE_HZ} channels=1 format=s16le norewinds=1`];
  }

  /** By PulseAudio's own command line, which can do what pactl cannot. */
  async endStreams(kind: StreamKind, indexes: readonly number[]): Promise<void> {
    const lines = indexes.map((index) => `kill-${kind} ${index}`);
    const socket = connect(join(this.#folder, 'cli'));
    socket.resume().end(`${lines.join('\n')}\n`);
    await within(once(socket, 'close'), 2000, () => `pulseaudio: ${lines.join(', ')}`);
  }

  async stall(device: SoundDevice, isStalled: boolean): Promise<void> {
    // The microphone is the monitor of a sink, and only the sink can be suspended.
    await outputOf('pactl', ['suspend-sink', device, isStalled ? '1' : '0'], this.#env);
  }

  #script(): string {
    const lines = [
      `load-module module-native-protocol-unix socket=${join(this.#folder, 'native')} auth-anonymous=1`,
      // PulseAudio's own default never goes away: streams are moved whenever the default changes.
      `load-module module-null-sink sink_name=nowhere rate=${RATE_HZ} channels=1 format=s16le`,
      ...(['spk', 'mic'] as const).map((device) => `load-module ${this.deviceModule(device).join(' ')}`),
      `load-module module-cli-protocol-unix socket=${join(this.#folder, 'cli')}`,
      'set-default-sink nowhere',
      'set-default-source nowhere.monitor',
    ];
    return `${lines.join('\n')}\n`;
  }
}

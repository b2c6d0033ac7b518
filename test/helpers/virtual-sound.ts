import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AudioError } from '../../src/errors.js';
import { bytesOf } from '../../src/pcm/format.js';
import { readWav } from '../../src/pcm/wav.js';
import { find } from './correlate.js';
import { atProcessEnd, endProcess, exitOf, outputOf, startPiped, within } from './processes.js';
import { RATE_HZ, SoundTap } from './sound-tap.js';

/** The programs that VirtualSound runs. */
export const SOUND_PROGRAMS: readonly string[] = ['pulseaudio', 'pactl', 'pacat', 'parec'];

/** When something was spoken, on the scale of `performance.now()`. */
export interface Spoken {
  /** The first sample. */
  startedAtMs: number;
  /** One past the last sample. */
  endedAtMs: number;
}

/** What pactl tells of a stream. */
interface Stream {
  index: number;
  properties: Record<string, string | undefined>;
}

/** One of the two devices. */
export type SoundDevice = 'mic' | 'spk';

const START_LIMIT_MS = 10_000;
// Longer than a kill and restart in a test; an orphan of a killed test run still goes away by itself.
const EXIT_IDLE_S = 30;

/**
 * A sound card of its own for a test: PulseAudio in user space with two null sinks. What is played into `mic` is what
 * the default microphone hears, and what is played on the default loudspeaker is recorded from `spk`. Everything runs
 * at 16 kHz mono, so that nothing is resampled and what comes out is, sample by sample, what went in.
 */
export class VirtualSound {
  /** What the loudspeaker plays. */
  readonly speaker: SoundTap;
  /** What the microphone hears. */
  readonly microphone: SoundTap;
  readonly #voices = new Set<ChildProcess>();
  #folder: string | undefined;
  #daemon: ChildProcess | undefined;
  #env: NodeJS.ProcessEnv = {};
  #forget = () => {};

  /** @param keepMs how much of what is heard is kept. @default everything */
  constructor(keepMs?: number) {
    this.speaker = new SoundTap('spk.monitor', keepMs);
    this.microphone = new SoundTap('mic.monitor', keepMs);
  }

  /** The whole environment for children that are to use this sound, by PulseAudio or by ALSA's default device. */
  get env(): NodeJS.ProcessEnv {
    if (!this.#folder) throw new Error('VirtualSound.env: start() it first');
    return { ...this.#env };
  }

  /** Starts PulseAudio and the recorders. Rejects with what PulseAudio printed when it does not come up within 10 s. */
  async start(): Promise<void> {
    const folder = await mkdtemp(join(tmpdir(), 'tars-sound-'));
    this.#folder = folder;
    this.#env = environmentIn(folder);
    await writeFile(join(folder, 'asound.conf'), ASOUND_CONF);
    await writeFile(join(folder, 'client.conf'), 'autospawn = no\nenable-shm = no\n');
    await writeFile(join(folder, 'daemon.pa'), daemonScript(folder));
    this.#forget = atProcessEnd(() => {
      this.#daemon?.kill('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    });
    try {
      await this.restart();
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  /** Starts PulseAudio again after `kill()`, with both devices; the recordings go on. */
  async restart(): Promise<void> {
    await this.kill();
    const script = join(this.#needFolder(), 'daemon.pa');
    for (const name of ['native', 'cli']) await rm(join(this.#needFolder(), name), { force: true });
    const args = ['--daemonize=no', '--system=false', '--use-pid-file=no', '--disable-shm=yes'];
    // A sound card keeps its pace on a busy machine. PulseAudio goes on without where the system does not allow it.
    args.push(
      '--realtime=yes',
      '--high-priority=yes',
      `--exit-idle-time=${EXIT_IDLE_S}`,
      '--log-target=stderr',
      '--log-level=info',
    );
    const daemon = spawn('pulseaudio', [...args, '-n', '-F', script], {
      env: this.#env,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#daemon = daemon;
    const lines: string[] = [];
    const up = new Promise<void>((resolve, reject) => {
      daemon.once('error', reject);
      daemon.once('exit', (code) => reject(new Error(`pulseaudio ended with ${code}`)));
      daemon.stderr.on('data', (text: Buffer) => {
        lines.push(text.toString());
        if (lines.length > 200) lines.shift();
        if (text.includes('Daemon startup complete')) resolve();
      });
    });
    await within(up, START_LIMIT_MS, () => 'pulseaudio').catch((error: unknown) => {
      throw new AudioError(`virtual sound: ${String(error)}\n${lines.join('')}`, { cause: error });
    });
    await Promise.all([this.speaker.attach(this.#env), this.microphone.attach(this.#env)]);
  }

  /** Ends PulseAudio without a farewell, as a crash would. Resolves when it is gone. */
  async kill(): Promise<void> {
    const daemon = this.#daemon;
    this.#daemon = undefined;
    if (daemon) await endProcess(daemon, 'SIGKILL');
    await Promise.all([this.speaker.detach(), this.microphone.detach()]);
  }

  /** Takes a device away, as pulling its plug would: what is open on it fails, and it cannot be opened. */
  async unplug(device: SoundDevice): Promise<void> {
    const modules = await outputOf('pactl', ['list', 'short', 'modules'], this.env);
    const line = modules.split('\n').find((text) => text.includes(`sink_name=${device} `));
    if (!line) throw new Error(`virtual sound: ${device} is not plugged in`);
    await this.#tap(device).detach();
    await this.#cutOff(device);
    await outputOf('pactl', ['unload-module', line.split('\t')[0] ?? ''], this.env);
    // What came in between has been moved to `nowhere`.
    await this.#cutOff(device);
  }

  /** Brings a device back. */
  async plug(device: SoundDevice): Promise<void> {
    await outputOf('pactl', ['load-module', ...nullSink(device)], this.env);
    await this.#tap(device).attach(this.env);
  }

  /** Lets a device hang until `resume()`: it stays open and can be opened, but no sample moves and nothing fails. */
  async stall(device: SoundDevice): Promise<void> {
    await this.#tap(device).detach();
    await this.#suspend(device, true);
  }

  /** Ends `stall()`. */
  async resume(device: SoundDevice): Promise<void> {
    await this.#suspend(device, false);
    await this.#tap(device).attach(this.env);
  }

  /**
   * Speaks into the microphone; resolves when the last sample has been heard there. Takes samples at 16 kHz or the
   * path of such a WAV file.
   */
  async speak(speech: Int16Array | string): Promise<Spoken> {
    const samples = typeof speech === 'string' ? await speechOf(speech) : speech;
    const askedAtMs = performance.now();
    await this.play(samples);
    return this.#heard(samples, askedAtMs);
  }

  /** As `speak`, without a look at when it was heard; resolves when the last sample has been played. */
  async play(samples: Int16Array): Promise<void> {
    const args = ['--playback', '--raw', '-d', 'mic', `--rate=${RATE_HZ}`, '--channels=1', '--format=s16le'];
    // The length of the client's buffer, so that a busy machine leaves no gap; it delays nothing.
    const voice = await startPiped('pacat', [...args, '--latency-msec=1000'], this.env);
    this.#voices.add(voice);
    try {
      const errors: string[] = [];
      voice.stderr.on('data', (text: Buffer) => errors.push(text.toString()));
      const exited = exitOf(voice);
      voice.stdin.end(bytesOf(samples));
      await exited;
      if (voice.exitCode !== 0) throw new AudioError(`virtual sound: speaking failed: ${errors.join('').trim()}`);
    } finally {
      this.#voices.delete(voice);
    }
  }

  /** Ends every process and removes every file. May be called twice. */
  async close(): Promise<void> {
    await Promise.all([...this.#voices].map((voice) => endProcess(voice, 'SIGKILL')));
    await this.kill();
    if (this.#folder) await rm(this.#folder, { recursive: true, force: true });
    this.#folder = undefined;
    this.#forget();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #heard(samples: Int16Array, askedAtMs: number): Promise<Spoken> {
    const lengthMs = (samples.length / RATE_HZ) * 1000;
    // The recorder is behind the player by a block or two.
    await this.microphone.until(() => this.microphone.endMs >= askedAtMs + lengthMs + 100, lengthMs + 2000);
    const fromMs = askedAtMs - 100;
    const { offset } = find(samples, this.microphone.recording(fromMs));
    const startedAtMs = fromMs + (offset / RATE_HZ) * 1000;
    return { startedAtMs, endedAtMs: startedAtMs + lengthMs };
  }

  async #suspend(device: SoundDevice, isSuspended: boolean): Promise<void> {
    // The microphone is the monitor of a sink, and only the sink can be suspended.
    await outputOf('pactl', ['suspend-sink', device, isSuspended ? '1' : '0'], this.env);
  }

  /** Ends every stream of the device's direction, except the recorders. */
  async #cutOff(device: SoundDevice): Promise<void> {
    const kind = device === 'spk' ? 'sink-input' : 'source-output';
    const listed = await outputOf('pactl', ['--format=json', 'list', `${kind}s`], this.env);
    const own = [this.speaker, this.microphone].map((tap) => `${tap.pid}`);
    const streams = (JSON.parse(listed) as Stream[]).filter(
      ({ properties }) => !own.includes(properties['application.process.id'] ?? ''),
    );
    if (streams.length > 0) await this.#command(streams.map(({ index }) => `kill-${kind} ${index}`));
  }

  /** Runs commands of PulseAudio's own command line, which can do what pactl cannot. */
  async #command(lines: readonly string[]): Promise<void> {
    const socket = connect(join(this.#needFolder(), 'cli'));
    socket.resume().end(`${lines.join('\n')}\n`);
    await within(once(socket, 'close'), 2000, () => `pulseaudio: ${lines.join(', ')}`);
  }

  #tap(device: SoundDevice): SoundTap {
    return device === 'spk' ? this.speaker : this.microphone;
  }

  #needFolder(): string {
    if (!this.#folder) throw new Error('VirtualSound: start() it first');
    return this.#folder;
  }
}

const ASOUND_CONF = `</usr/share/alsa/alsa.conf>
pcm.!default { type pulse }
ctl.!default { type pulse }
`;

/** Rewinding would rewrite what the recorder has heard already, so the sinks do without. */
function nullSink(device: SoundDevice): string[] {
  return ['module-null-sink', `sink_name=${device} rate=${RATE_HZ} channels=1 format=s16le norewinds=1`];
}

function daemonScript(folder: string): string {
  const lines = [
    `load-module module-native-protocol-unix socket=${join(folder, 'native')} auth-anonymous=1`,
    // PulseAudio's own default never goes away: streams are moved whenever the default changes.
    `load-module module-null-sink sink_name=nowhere rate=${RATE_HZ} channels=1 format=s16le`,
    ...(['spk', 'mic'] as const).map((device) => `load-module ${nullSink(device).join(' ')}`),
    `load-module module-cli-protocol-unix socket=${join(folder, 'cli')}`,
    'set-default-sink nowhere',
    'set-default-source nowhere.monitor',
  ];
  return `${lines.join('\n')}\n`;
}

function environmentIn(folder: string): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = { ...process.env };
  for (const name of ['DBUS_SESSION_BUS_ADDRESS', 'DISPLAY', 'PULSE_SINK', 'PULSE_SOURCE', 'NOTIFY_SOCKET'])
    delete env[name];
  return {
    ...env,
    LC_ALL: 'C',
    HOME: folder,
    XDG_RUNTIME_DIR: folder,
    XDG_CONFIG_HOME: join(folder, 'config'),
    PULSE_RUNTIME_PATH: join(folder, 'pulse'),
    PULSE_STATE_PATH: join(folder, 'state'),
    PULSE_COOKIE: join(folder, 'cookie'),
    PULSE_CLIENTCONFIG: join(folder, 'client.conf'),
    // The default devices of every client, which fail rather than become others while they are unplugged.
    PULSE_SINK: 'spk',
    PULSE_SOURCE: 'mic.monitor',
    PULSE_SERVER: `unix:${join(folder, 'native')}`,
    ALSA_CONFIG_PATH: join(folder, 'asound.conf'),
    JACK_NO_START_SERVER: '1',
  };
}

async function speechOf(path: string): Promise<Int16Array> {
  const { rateHz, samples } = await readWav(path);
  if (rateHz !== RATE_HZ) throw new AudioError(`${path}: ${rateHz} Hz; speak() takes ${RATE_HZ} Hz`);
  return samples;
}

import type { ChildProcess } from 'node:child_process';
import { rmSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AudioError } from '../../src/errors.js';
import { bytesOf } from '../../src/pcm/format.js';
import { readWav } from '../../src/pcm/wav.js';
import { find } from './correlate.js';
import { PipewireServer } from './pipewire-server.js';
import { atProcessEnd, endProcess, exitOf, outputOf, startPiped } from './processes.js';
import { PulseServer } from './pulse-server.js';
import type { SoundDevice, SoundServer } from './sound-server.js';
import { RATE_HZ, SoundTap } from './sound-tap.js';

/** True where the tests are to run on PipeWire, instead of PulseAudio. */
export const isOnPipewire = process.env.TEST_SOUND === 'pipewire';

const soundServer = (): SoundServer => (isOnPipewire ? new PipewireServer() : new PulseServer());

/** The programs that VirtualSound runs. */
export const SOUND_PROGRAMS: readonly string[] = soundServer().programs;

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

/**
 * A sound card of its own for a test: a sound server in user space with two null sinks. What is played into `mic` is what
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
  readonly #server = soundServer();
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

  /** Starts the sound server and the recorders. Rejects with what the server printed when it does not come up within 10 s. */
  async start(): Promise<void> {
    const folder = await mkdtemp(join(tmpdir(), 'tars-sound-'));
    this.#folder = folder;
    this.#env = { ...environmentIn(folder), ...(await this.#server.prepare(folder)) };
    await writeFile(join(folder, 'asound.conf'), ASOUND_CONF);
    await writeFile(join(folder, 'client.conf'), 'autospawn = no\nenable-shm = no\n');
    this.#forget = atProcessEnd(() => {
      this.#server.killNow();
      rmSync(folder, { recursive: true, force: true });
    });
    try {
      await this.restart();
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  /**
   * Starts the sound server again after `kill()`, with both devices; the recordings go on. Resolves with the moment at which
   * the devices were there, on the scale of `performance.now()`.
   */
  async restart(): Promise<number> {
    await this.kill();
    await this.#server.start(this.#env);
    const thereAtMs = performance.now();
    await Promise.all([this.speaker.attach(this.#env), this.microphone.attach(this.#env)]);
    // PipeWire's session manager, which joins clients and devices, does not say when it is up.
    return isOnPipewire ? performance.now() : thereAtMs;
  }

  /** Ends the sound server without a farewell, as a crash would. Resolves when it is gone. */
  async kill(): Promise<void> {
    await this.#server.kill();
    await Promise.all([this.speaker.detach(), this.microphone.detach()]);
  }

  /** Takes a device away, as pulling its plug would: what is open on it fails, and it cannot be opened. */
  async unplug(device: SoundDevice): Promise<void> {
    await this.#tap(device).detach();
    await this.#cutOff(device);
    await this.unload(device);
    // What came in between has been moved to `nowhere`.
    await this.#cutOff(device);
  }

  /** Takes a device away as the sound server does: what is open on it goes on with another one, where there is one. */
  async unload(device: SoundDevice): Promise<void> {
    const modules = await outputOf('pactl', ['list', 'short', 'modules'], this.env);
    const line = modules.split('\n').find((text) => text.includes(`sink_name=${device} `));
    if (!line) throw new Error(`virtual sound: ${device} is not plugged in`);
    await this.#tap(device).detach();
    await outputOf('pactl', ['unload-module', line.split('\t')[0] ?? ''], this.env);
  }

  /** Brings a device back; resolves with the moment at which it was there, on the scale of `performance.now()`. */
  async plug(device: SoundDevice): Promise<number> {
    await outputOf('pactl', ['load-module', ...this.#server.deviceModule(device)], this.env);
    const thereAtMs = performance.now();
    await this.#tap(device).attach(this.env);
    return thereAtMs;
  }

  /** Lets a device hang until `resume()`: it stays open and can be opened, but no sample moves and nothing fails. */
  async stall(device: SoundDevice): Promise<void> {
    await this.#tap(device).detach();
    await this.#server.stall(device, true);
  }

  /** Ends `stall()`; resolves with the moment from which samples move, on the scale of `performance.now()`. */
  async resume(device: SoundDevice): Promise<number> {
    await this.#server.stall(device, false);
    const goesOnAtMs = performance.now();
    await this.#tap(device).attach(this.env);
    return goesOnAtMs;
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

  /** Ends every stream of the device's direction, except the recorders. */
  async #cutOff(device: SoundDevice): Promise<void> {
    const kind = device === 'spk' ? 'sink-input' : 'source-output';
    const listed = await outputOf('pactl', ['--format=json', 'list', `${kind}s`], this.env);
    const own = [this.speaker, this.microphone].map((tap) => `${tap.pid}`);
    const streams = (JSON.parse(listed) as Stream[]).filter(
      ({ properties }) => !own.includes(properties['application.process.id'] ?? ''),
    );
    if (streams.length === 0) return;
    await this.#server.endStreams(
      kind,
      streams.map(({ index }) => index),
    );
  }

  #tap(device: SoundDevice): SoundTap {
    return device === 'spk' ? this.speaker : this.microphone;
  }
}

const ASOUND_CONF = `</usr/share/alsa/alsa.conf>
pcm.!default { type pulse }
ctl.!default { type pulse }
`;

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

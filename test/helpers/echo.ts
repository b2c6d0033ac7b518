import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { TestContext } from 'node:test';
import { endProcess } from './processes.js';
import type { VirtualSound } from './virtual-sound.js';

/** PulseAudio's volume for -10 dB: the cube root of a third, of 65536. */
const VOLUME = 44_000;

/** Mixes the loudspeaker into the microphone at -10 dB until the test is over, with the delay of a room and a sound server. */
export async function addEcho(test: TestContext, sound: VirtualSound): Promise<void> {
  const format = '--rate=16000 --channels=1 --format=s16le';
  const script =
    `parec --raw -d spk.monitor ${format} --latency-msec=20 | ` +
    `pacat --playback --raw -d mic ${format} --latency-msec=40 --volume=${VOLUME}`;
  const child = spawn('sh', ['-c', `exec setsid -w sh -c '${script}'`], { env: sound.env, stdio: 'ignore' });
  await once(child, 'spawn');
  test.after(() => endProcess(child));
}

import assert from 'node:assert/strict';
import { outputOf } from './processes.js';
import type { VirtualSound } from './virtual-sound.js';

/** PulseAudio's volume for -10 dB: the cube root of a third, of 65536. */
const VOLUME = '44000';
const ROOM_MS = 60;

/**
 * Mixes the loudspeaker into the microphone at -10 dB, with the delay of a room and a sound server, for as long as the sound
 * server runs. It does so inside the sound server: through a pipe the delay would grow with every moment of a busy machine.
 */
export async function addEcho({ env }: VirtualSound): Promise<void> {
  const room = ['source=spk.monitor', 'sink=mic', `latency_msec=${ROOM_MS}`, 'adjust_time=0'];
  await outputOf('pactl', ['load-module', 'module-loopback', ...room], env);
  const inputs = await outputOf('pactl', ['list', 'short', 'sink-inputs'], env);
  const [index] = /^\d+(?=.*module-loopback)/m.exec(inputs) ?? [];
  assert.ok(index !== undefined, `no loopback among ${inputs}`);
  await outputOf('pactl', ['set-sink-input-volume', index, VOLUME], env);
}

/**
 * A second client of the GemiTARS protocol, to compare with: it shares no code with the program, buffers nothing, and its
 * hotword is a tone of 1 kHz. PulseAudio's tools record and play. BENCH_URL is the server.
 */
import { spawn } from 'node:child_process';
import { WebSocket } from 'ws';

const RATE_HZ = 16_000;
const FORMAT = ['--raw', `--rate=${RATE_HZ}`, '--channels=1', '--format=s16le', '--latency-msec=20'];
const TONE_HZ = 1_000;
const BLOCK = 320;
/** A tone of 200 ms, and then none, is the hotword. */
const TONE_BLOCKS = 10;

let state: 'passive' | 'active' | 'speaking' = 'passive';
let player: ReturnType<typeof play> | undefined;
let toneBlocks = 0;

const socket = new WebSocket(process.env.BENCH_URL ?? '', { perMessageDeflate: false });
const say = (type: string) => socket.send(JSON.stringify({ type }));

function play() {
  const child = spawn('pacat', ['--playback', ...FORMAT], { stdio: ['pipe', 'ignore', 'inherit'] });
  child.once('close', () => {
    if (state !== 'speaking') return;
    state = 'active';
    say('playback_complete');
  });
  return child;
}

/** How much of a block is the tone, from 0 to 1 (Goertzel). */
function toneIn(block: Int16Array): number {
  const step = 2 * Math.cos((2 * Math.PI * TONE_HZ) / RATE_HZ);
  let [last, before, energy] = [0, 0, 1];
  for (const sample of block) {
    [last, before] = [sample + step * last - before, last];
    energy += sample * sample;
  }
  return (last * last + before * before - step * last * before) / (energy * (block.length / 2));
}

function listen(pcm: Buffer): void {
  if (state === 'active') socket.send(pcm);
  if (state !== 'passive') return;
  for (let at = 0; at + BLOCK * 2 <= pcm.length; at += BLOCK * 2) {
    const block = Int16Array.from({ length: BLOCK }, (_, i) => pcm.readInt16LE(at + i * 2));
    if (toneIn(block) > 0.8) toneBlocks += 1;
    else {
      if (toneBlocks >= TONE_BLOCKS) {
        state = 'active';
        say('hotword_detected');
      }
      toneBlocks = 0;
    }
  }
}

socket.on('message', (data: Buffer, isBinary) => {
  if (isBinary) {
    player?.stdin.write(data);
    return;
  }
  const { type } = JSON.parse(data.toString()) as { type: string };
  if (type === 'start_of_tts_stream') {
    state = 'speaking';
    player = play();
  } else if (type === 'tts_stream_end') player?.stdin.end();
  else if (type === 'session_end') state = 'passive';
});
socket.on('open', () => {
  const recorder = spawn('parec', FORMAT, { stdio: ['ignore', 'pipe', 'inherit'] });
  recorder.stdout.on('data', listen);
});

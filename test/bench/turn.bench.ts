import { fileURLToPath } from 'node:url';
import { LEAN_NODE } from '../../src/pcm/node-child.js';
import { align } from '../helpers/correlate.js';
import { answer, spokenTo } from '../helpers/gemitars-scripts.js';
import { GemitarsServer } from '../helpers/gemitars-server.js';
import { RATE_HZ } from '../helpers/sound-tap.js';
import { concat, msOfSamples, samplesOfMs, say, silence } from '../helpers/speech.js';
import { whiteNoise } from '../helpers/synthetic-speech.js';
import { VirtualSound } from '../helpers/virtual-sound.js';
import { Client, recorders, untilRecorded, Workplace } from './client.js';
import { report } from './figures.js';
import { costOver } from './process-cost.js';

/*
 * A whole turn, again and again, of this program or of any other client: see README.md. BENCH_TURNS says how often, BENCH_SECONDS
 * how long the cost of listening is measured.
 */

const TURNS = Number(process.env.BENCH_TURNS ?? 10);
const MAIN = fileURLToPath(new URL('../../src/main.js', import.meta.url));
const OURS = [
  ['naudiodon', 'speaker'],
  ['arecord', 'aplay'],
] as const;
/** A client that was just started, or has just ended a conversation, need not listen at once. */
const QUIET_MS = 2_500;
const BREATH_MS = 120;
const LISTENING_MS = Number(process.env.BENCH_SECONDS ?? 20) * 1_000;
/** Code is compiled and memory is given back before anything is measured. */
const SETTLE_MS = Math.min(25_000, 2 * LISTENING_MS);

/** Who is measured. */
interface Candidate {
  name: string;
  /** For the shell; finds the server's address in $BENCH_URL. */
  command: string;
  /** `tone`, or the words to be said. */
  hotword: string;
}

/** What one turn took, in milliseconds. */
interface TurnFigures {
  firstByteMs: number;
  fromHotwordMs: number;
  lostMs: number;
  firstSampleMs: number;
  completeMs: number;
}

const sound = new VirtualSound();
const workplace = new Workplace();

function candidates(): Candidate[] {
  const { BENCH_CLIENT: client, BENCH_HOTWORD: hotword = 'tone' } = process.env;
  if (client) return [{ name: 'the client', command: client, hotword }];
  return OURS.map(([microphone, loudspeaker]) => {
    const flags = `--config ${workplace.config} --mic.backend=${microphone} --speaker.backend=${loudspeaker}`;
    const command = `exec node ${LEAN_NODE.join(' ')} ${MAIN} run ${flags} --server.url="$BENCH_URL"`;
    return { name: `${microphone} and ${loudspeaker}`, command, hotword: 'hey tars' };
  });
}

/** 400 ms of 1 kHz at -20 dBFS. */
function tone(): Int16Array {
  return Int16Array.from({ length: samplesOfMs(400) }, (_, i) => 3277 * Math.sin((2 * Math.PI * 1_000 * i) / RATE_HZ));
}

async function turn(server: GemitarsServer, hotword: Int16Array, round: number): Promise<TurnFigures> {
  const before = concat(silence(QUIET_MS), hotword);
  const wish = concat(silence(BREATH_MS), await say('what is the weather like today'));
  const spoken = await sound.speak(concat(before, wish, silence(400)));
  const detected = await server.next('hotword_detected', 5_000);
  const firstBlock = await server.next('audio', 5_000);
  await spokenTo(server);
  const heard = server.audio();
  const fromMs = performance.now();
  const { reply, playbackComplete } = await answer(server, whiteNoise(1_000, -20, round + 1), { speed: 3 });
  await sound.speaker.untilSilent(fromMs, 100, 5_000);
  await server.endSession();
  const { offset, missing } = align(wish, heard);
  return {
    firstByteMs: firstBlock.atMs - detected.atMs,
    fromHotwordMs: firstBlock.atMs - (spoken.startedAtMs + msOfSamples(before.length)),
    // What is missing of the words, and all that came before the first sample that was sent.
    lostMs: msOfSamples(Math.max(missing, -offset, 0)),
    firstSampleMs: (sound.speaker.firstSoundMs(fromMs) ?? Number.NaN) - reply.firstByteAtMs,
    completeMs: playbackComplete.atMs - (sound.speaker.lastSoundMs(fromMs) ?? Number.NaN),
  };
}

async function measure({ name, command, hotword }: Candidate): Promise<void> {
  const server = new GemitarsServer();
  await server.start();
  const others = await recorders(sound);
  const client = new Client(command, { ...workplace.environment(sound.env), BENCH_URL: server.url });
  try {
    await server.next('open', 20_000);
    await untilRecorded(sound, others + 1, client);
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
    const cost = await costOver(client.pid, LISTENING_MS);
    const call = hotword === 'tone' ? tone() : await say(hotword);
    const turns: TurnFigures[] = [];
    for (let round = 0; round < TURNS; round++) {
      client.check();
      // One that a failure cut short has left its messages behind.
      server.forget();
      turns.push(await turn(server, call, round));
    }
    const tell = (what: string, unit: string, values: readonly number[]) =>
      report({ bench: 'turn', what, of: name, unit, values });
    const times = (what: string, of: (figures: TurnFigures) => number) => tell(what, 'ms', turns.map(of));
    times('hotword_detected → first microphone bytes at the server', ({ firstByteMs }) => firstByteMs);
    times('end of the hotword in the air → the same', ({ fromHotwordMs }) => fromHotwordMs);
    times('speech lost after the hotword', ({ lostMs }) => lostMs);
    times('first reply byte → first sample', ({ firstSampleMs }) => firstSampleMs);
    times('last sample → playback_complete', ({ completeMs }) => completeMs);
    tell('listening: CPU', '% of a core', [cost.corePercent]);
    tell(`listening: memory of ${cost.processes} processes (PSS)`, 'MB', [cost.pssMb]);
  } catch (error) {
    process.stderr.write(`the client's last words:\n${client.lines.join('\n')}\n`);
    throw error;
  } finally {
    await client.stop();
    await server.stop();
  }
}

await workplace.open();
await sound.start();
try {
  for (const candidate of candidates()) await measure(candidate);
} finally {
  await sound.close();
  await workplace.close();
}

import { readdirSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { systemClock } from '../../src/clock.js';
import type { LinkListener, LinkTempo } from '../../src/link/link.js';
import type { OpenSocket } from '../../src/link/socket.js';
import { Relay } from '../helpers/relay.js';
import { wsServer } from '../link/servers.js';
import { DEFAULTS, FakeClock, linkTo, QUICK } from '../link/support.js';
import { report } from './figures.js';

const RUNS = 1_000;
const RECONNECTS = 10_000;
/** Reconnects before the first sample: caches and compiled code fill. */
const WARM_UP = 5_000;
const MINUTE_MS = 60_000;
/** A TCP connection request is sent again after so long (Linux: 1, 2, 4 s between them). */
const SYN_AT_MS = [0, 1_000, 3_000, 7_000];
const ANSWER_MS = 20;

type Outage = 'refused' | 'black hole';

/** A network of the simulation: down until `backAtMs`, then answering. */
function simulatedNetwork(clock: FakeClock, kind: Outage, backAtMs: number, count: () => void): OpenSocket {
  return (_target, events) => {
    count();
    let isOver = false;
    const later = (delayMs: number, what: () => void) => clock.setTimeout(() => isOver || what(), delayMs);
    if (clock.nowMs() >= backAtMs) {
      later(ANSWER_MS, events.opened);
    } else if (kind === 'refused') {
      later(1, () => events.lost({ kind: 'failed', error: Object.assign(new Error(), { code: 'ECONNREFUSED' }) }));
    } else {
      const heardMs = SYN_AT_MS.find((delayMs) => clock.nowMs() + delayMs >= backAtMs);
      if (heardMs !== undefined) later(heardMs + ANSWER_MS, events.opened);
    }
    return {
      bufferedBytes: 0,
      gone: Promise.resolve(),
      send: () => true,
      ping: () => undefined,
      hold: () => undefined,
      goodbye: () => undefined,
      terminate: () => {
        isOver = true;
      },
    };
  };
}

/** Milliseconds from the end of the outage, or from the hotword, to `up`. */
function outage(kind: Outage, outageMs: number, hotwordAfterMs?: number): { tookMs: number; attempts: number } {
  const clock = new FakeClock();
  let attempts = 0;
  let upAtMs = Number.NaN;
  const link = linkTo('ws://127.0.0.1:1/', {
    clock,
    policy: DEFAULTS,
    openSocket: simulatedNetwork(clock, kind, outageMs, () => {
      attempts += 1;
    }),
  });
  link.start({
    up: () => {
      if (Number.isNaN(upAtMs)) upAtMs = clock.nowMs();
    },
    down: () => undefined,
    message: () => undefined,
  });
  clock.advance(outageMs);
  const attemptsThen = attempts;
  if (hotwordAfterMs !== undefined) {
    clock.advance(hotwordAfterMs);
    if (!link.isUp) link.hurry();
  }
  clock.advance(MINUTE_MS);
  return { tookMs: Math.max(0, upAtMs - outageMs - (hotwordAfterMs ?? 0)), attempts: attemptsThen };
}

const tell = (what: string, of: string, values: readonly number[], unit: string) =>
  report({ bench: 'link', what, of, unit, values });

function print(what: string, of: string, valuesMs: readonly number[]): void {
  tell(
    what,
    of,
    valuesMs.map((ms) => ms / 1_000),
    's',
  );
}

function benchOutages(): void {
  for (const kind of ['refused', 'black hole'] as const) {
    for (const seconds of [3, 30, 600]) {
      // A random part of a second, so that the end of the outage has no fixed place among the dials.
      const runs = Array.from({ length: RUNS }, () => outage(kind, seconds * 1_000 + Math.random() * 1_000));
      print(
        'server back → link.up (simulated clock)',
        `outage of ${seconds} s, ${kind}`,
        runs.map((run) => run.tookMs),
      );
    }
    const hurried = Array.from({ length: RUNS }, () =>
      outage(kind, 600_000 + Math.random() * 1_000, Math.random() * 5_000),
    );
    print(
      'hotword → link.up (simulated clock)',
      `outage of 600 s, ${kind}`,
      hurried.map((run) => run.tookMs),
    );
    const hour = outage(kind, 60 * MINUTE_MS).attempts;
    tell('attempts in an hour of outage', kind, [hour], 'times');
  }
}

/** Real time: from the black hole to `down`. */
async function timeToNotice(tempo: LinkTempo): Promise<number> {
  const server = await wsServer();
  const relay = new Relay(server.port);
  await relay.listen();
  const link = linkTo(`ws://127.0.0.1:${relay.port}/`, { policy: DEFAULTS });
  link.setTempo(tempo);
  const tookMs = await new Promise<number>((resolve) => {
    let sinceMs = 0;
    link.start({
      up: () => {
        setTimeout(
          () => {
            relay.blackHole('both', true);
            sinceMs = performance.now();
          },
          1_000 + Math.random() * DEFAULTS.pingIdleMs,
        );
      },
      down: () => resolve(performance.now() - sinceMs),
      message: () => undefined,
    });
  });
  await link.close();
  await relay.close();
  await server.close();
  return tookMs;
}

async function benchBlackHole(): Promise<void> {
  for (const tempo of ['idle', 'session'] as const) {
    print('black hole → link.down', tempo, await Promise.all(Array.from({ length: 20 }, () => timeToNotice(tempo))));
  }
}

/** Real time: how often links are given up behind random delays of up to 1.5 s each way. */
async function benchFalseAlarms(minutes: number): Promise<void> {
  const LINKS = 4;
  const server = await wsServer();
  const relay = new Relay(server.port);
  await relay.listen();
  relay.weather.toServer.delayMs = () => Math.random() * 1_500;
  relay.weather.toClient.delayMs = () => Math.random() * 1_500;
  let downs = 0;
  const links = (['idle', 'session'] as const).flatMap((tempo) =>
    Array.from({ length: LINKS }, () => {
      const link = linkTo(`ws://127.0.0.1:${relay.port}/`, { policy: DEFAULTS });
      link.setTempo(tempo);
      link.start({
        up: () => undefined,
        down: (info) => {
          downs += 1;
          console.log(`  ${tempo}: ${info.reason}`);
        },
        message: () => undefined,
      });
      return { link, tempo };
    }),
  );
  // The microphone of a session: 32 ms of 16 kHz audio at a time.
  const speech = setInterval(() => {
    for (const { link, tempo } of links) if (tempo === 'session') link.send(new Uint8Array(1_024));
  }, 32);
  await new Promise((resolve) => setTimeout(resolve, minutes * MINUTE_MS));
  clearInterval(speech);
  const of = `up to 1.5 s of random delay each way, ${LINKS} links idle and ${LINKS} in a session`;
  tell('links given up for nothing', of, [downs], `in ${minutes} minutes`);
  await Promise.all(links.map(({ link }) => link.close()));
  await relay.close();
  await server.close();
}

/** Least squares: how much `ys` grows for each step of `xs`, with the standard error of that. */
function slope(xs: readonly number[], ys: readonly number[]): { growth: number; error: number } {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [mx, my] = [mean(xs), mean(ys)];
  const spread = xs.reduce((sum, x) => sum + (x - mx) ** 2, 0);
  const growth = xs.reduce((sum, x, i) => sum + (x - mx) * ((ys[i] ?? my) - my), 0) / spread;
  const rest = xs.reduce((sum, x, i) => sum + ((ys[i] ?? my) - my - growth * (x - mx)) ** 2, 0);
  return { growth, error: Math.sqrt(rest / (xs.length - 2) / spread) };
}

async function benchReconnects(): Promise<void> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const server = await wsServer((peer) => {
    server.peers.length = 0;
    server.requests.length = 0;
    peer.terminate();
  });
  const xs: number[] = [];
  const heap: number[] = [];
  const files: number[] = [];
  let ups = 0;
  const policy = { ...QUICK, retryFirstMs: 0, retryBaseMs: 0, retryMaxMs: 0 };
  const link = linkTo(`ws://127.0.0.1:${server.port}/`, { policy, clock: systemClock });
  await new Promise<void>((resolve) => {
    const listener: LinkListener = {
      up: () => undefined,
      down: () => {
        ups += 1;
        if (ups >= WARM_UP && ups % 500 === 0) {
          collect();
          xs.push(ups);
          heap.push(process.memoryUsage().heapUsed);
          files.push(readdirSync('/proc/self/fd').length);
        }
        if (ups === WARM_UP + RECONNECTS) resolve();
      },
      message: () => undefined,
    };
    link.start(listener);
  });
  await link.close();
  await server.close();
  const of = `${RECONNECTS} reconnects, link and server in one process`;
  console.log(`  heap ${mib(heap[0])} → ${mib(heap.at(-1))} MiB, files ${files[0]} → ${files.at(-1)}`);
  for (const [what, ys, unit] of [
    ['heap after garbage collection', heap, 'bytes a reconnect'],
    ['open files', files, 'a reconnect'],
  ] as const) {
    const { growth, error } = slope(xs, ys);
    tell(`${what}: growth`, of, [growth], unit);
    tell(`${what}: standard error of that`, of, [error], unit);
  }
}

function mib(bytes: number | undefined): string {
  return ((bytes ?? Number.NaN) / 1024 / 1024).toFixed(2);
}

// The whole run takes a good minute; TARS_BENCH_MINUTES=10 watches for false alarms as long as the promise says.
benchOutages();
await benchReconnects();
await benchBlackHole();
await benchFalseAlarms(Number(process.env.TARS_BENCH_MINUTES ?? 1));

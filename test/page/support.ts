import { request } from 'node:http';
import type { TestContext } from 'node:test';
import { pino } from 'pino';
import { type Clock, systemClock } from '../../src/clock.js';
import type { PhraseScore } from '../../src/hotword/engine.js';
import { Journal } from '../../src/log.js';
import { MeterSource } from '../../src/meters.js';
import type { PageDevice } from '../../src/page/device.js';
import { StatusPage } from '../../src/page/status-page.js';
import type { MicLevel } from '../../src/session/capture.js';
import { Watch } from '../helpers/watch.js';

/** A device of which only the outside is there; what is done to it is written down. */
export class FakeDevice implements PageDevice {
  state = 'listening';
  isMuted = false;
  isLinkUp = true;
  chunkAgeMs: number | undefined = 10;
  overdueState: string | undefined;
  engine: string | undefined = 'openwakeword';
  volume = 0.7;
  readonly thresholds = new Map([['hey tars', 0.5]]);
  /** Told when a meter begins or ceases to be watched. */
  readonly watch = new Watch();
  readonly micLevel = new MeterSource<MicLevel>({
    log: pino({ level: 'silent' }),
    onWatched: () => this.watch.notify(),
  });
  readonly score = new MeterSource<PhraseScore>({
    log: pino({ level: 'silent' }),
    onWatched: () => this.watch.notify(),
  });
  readonly done: string[] = [];

  /** Resolves when nobody watches the meters. */
  async unwatched(): Promise<void> {
    const isSo = () => (!this.micLevel.isWatched && !this.score.isWatched) || undefined;
    await this.watch.for(isSo, 5_000, () => 'nobody who watches the meters');
  }

  setThreshold(phrase: string, threshold: number): void {
    this.thresholds.set(phrase, threshold);
    this.done.push(`threshold of ${phrase}: ${threshold}`);
  }

  setVolume(volume: number): void {
    this.volume = volume;
    this.done.push(`volume ${volume}`);
  }

  setMuted(isMuted: boolean): void {
    this.isMuted = isMuted;
    this.done.push(isMuted ? 'mute' : 'unmute');
  }

  talk(): void {
    this.done.push('talk');
  }

  stop(): void {
    this.done.push('stop');
  }

  async testTone(): Promise<void> {
    this.done.push('tone');
  }
}

/** A status page of a fake device on a free port of the loopback, for one test. */
export async function startPage(
  test: TestContext,
  config: { token_file?: string; names?: string[] } = {},
  clock: Clock = systemClock,
) {
  const lines: Readonly<Record<string, unknown>>[] = [];
  const log = pino({ level: 'debug' }, { write: (line: string) => void lines.push(JSON.parse(line)) });
  const journal = new Journal(log);
  const device = new FakeDevice();
  const page = new StatusPage({ device: () => device, save: () => 'nowhere', journal, clock, log });
  test.after(() => page.close());
  const settings = { enabled: true, listen: '127.0.0.1:0', token_file: '', names: [], ...config };
  await page.open(settings);
  const url = String(lines.find(({ event }) => event === 'page.ready')?.url);
  return { page, settings, journal, device, lines, url };
}

/** What a server says to a request. */
export interface Reply {
  status: number;
  headers: NodeJS.Dict<string | string[]>;
  body: string;
}

/** Asks for a path, with any headers: also those that `fetch` would not let be set. */
export function ask(
  url: string,
  headers: Readonly<Record<string, string>> = {},
  { method = 'GET', body = '' } = {},
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const asking = request(url, { method, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(chunks).toString(),
        });
      });
    });
    asking.on('error', reject);
    asking.end(body);
  });
}

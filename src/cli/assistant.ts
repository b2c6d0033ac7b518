import { once } from 'node:events';
import { AssistantServer } from '../assistant/server.js';
import { type Clock, systemClock } from '../clock.js';
import type { Config } from '../config.js';
import { UsageError } from '../errors.js';
import { createLog } from '../log.js';

/** What `tars-client assistant` works with. */
export interface AssistantCommandOptions {
  config: Pick<Config, 'assistant' | 'log'>;
  /** The command's own options: `host` and `port`. */
  options: ReadonlyMap<string, string | true>;
  /** Ends the command. */
  signal: AbortSignal;
  /** @default process.stdout */
  output?: { write(text: string): unknown };
  /** @default systemClock */
  clock?: Clock;
}

/** The port of the seed system's server, which its devices dial when nobody tells them another. */
const DEFAULT_PORT = 7456;

/**
 * Serves the embedded assistant until the signal aborts, and says where; resolves with the exit code.
 * Throws UsageError for a host or a port that is none, ConnectionError when it cannot listen there.
 */
export async function assistantCommand(command: AssistantCommandOptions): Promise<number> {
  const { config, options, signal, output = process.stdout, clock = systemClock } = command;
  const server = new AssistantServer({
    host: hostOf(options.get('host')),
    port: portOf(options.get('port')),
    endOfSpeechMs: config.assistant.end_of_speech_ms,
    silenceLimitMs: config.assistant.silence_limit_ms,
    clock,
    log: createLog(config.log).child({ module: 'assistant' }),
  });
  try {
    const { url } = await server.start();
    output.write(`The assistant listens on ${url} (one device at a time; Ctrl+C ends it).\n`);
    if (!signal.aborted) await once(signal, 'abort');
  } finally {
    await server.close();
  }
  return 0;
}

function hostOf(value: string | true | undefined): string {
  if (value === undefined) return '127.0.0.1';
  if (value === true || value === '') throw new UsageError('--host needs an address, such as 127.0.0.1 or 0.0.0.0');
  return value;
}

function portOf(value: string | true | undefined): number {
  if (value === undefined) return DEFAULT_PORT;
  const port = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : Number.NaN;
  if (port >= 0 && port <= 65_535) return port;
  throw new UsageError(`--port ${value} is no port; give a number from 0 (any free one) to 65535`);
}

import { classify } from '../link/failure.js';
import { displayUrl } from '../link/security.js';
import type { Loss, OpenSocket } from '../link/socket.js';
import type { Codec, DialTarget, ServerEvent } from '../protocol/protocol.js';
import { GREETING_LIMIT_MS, SILENT_LIMIT_MS } from '../session/greeting.js';
import { type ServerPlace, serverRemedy } from './commands.js';
import { type Check, type Finding, failure, ok, parted, warning } from './finding.js';

const SUBJECT = 'server';
const HANDSHAKE_LIMIT_MS = 10_000;
/** As the device itself asks. */
const ASK_AFTER_MS = 1_000;
const PING_LIMIT_MS = 5_000;
const SLOW_PING_MS = 300;
/** The check ends within this. */
export const SERVER_LIMIT_MS = HANDSHAKE_LIMIT_MS + GREETING_LIMIT_MS + PING_LIMIT_MS + 2_000;

/** What the server check works with. */
export interface ServerParts {
  target: DialTarget;
  /** As the device's own link opens it: same verification, same rules about the token. */
  openSocket: OpenSocket;
  /** Where the token is; "" for none. */
  tokenFile: string;
  /** Understands what a server says first, where it greets; it may refuse there. */
  codec: Codec;
}

/** Opens a connection as the device does, and measures how long a ping takes. */
export function serverCheck(parts: ServerParts): Check {
  return {
    subject: SUBJECT,
    limitMs: SERVER_LIMIT_MS,
    run: async () => [await handshake(parts)],
  };
}

async function handshake({ target, openSocket, tokenFile, codec }: ServerParts): Promise<Finding> {
  const { url } = target;
  const lossFinding = (loss: Happening) => lossFindingOf(loss, { url, tokenFile });
  const events = new Waiting();
  let ask: NodeJS.Timeout | undefined;
  let hasHeard = false;
  const obey = (event: ServerEvent) => {
    if (event.type === 'answer') for (const answer of event.messages) socket.send(answer);
    if (event.type === 'ready') events.happened({ kind: 'greeted' });
    if (event.type === 'rejected') events.happened({ ...event, kind: 'rejected' });
  };
  const socket = openSocket(target, {
    opened: () => events.happened({ kind: 'opened' }),
    alive: () => events.happened({ kind: 'alive' }),
    message: (message) => {
      // What the server says first makes the codec ask.
      hasHeard = true;
      clearTimeout(ask);
      codec.decode(message).forEach(obey);
    },
    lost: (loss) => events.happened(loss),
  });
  try {
    const first = await events.next(HANDSHAKE_LIMIT_MS);
    if (first.kind !== 'opened') return lossFinding(first);
    if (!codec.isReady) {
      if (!hasHeard) ask = setTimeout(() => obey({ type: 'answer', messages: codec.greet() }), ASK_AFTER_MS);
      const isWord = ({ kind }: Happening) => kind !== 'alive';
      let greeting = await events.next(SILENT_LIMIT_MS, isWord).finally(() => clearTimeout(ask));
      if (greeting.kind === 'timeout' && hasHeard) {
        greeting = await events.next(GREETING_LIMIT_MS - SILENT_LIMIT_MS, isWord);
      }
      if (greeting.kind === 'timeout')
        return failure(
          SUBJECT,
          `${displayUrl(target.url)} opens a connection and does not greet`,
          'check server.url and server.protocol',
        );
      if (greeting.kind !== 'greeted') return lossFinding(greeting);
    }
    const pingedMs = performance.now();
    socket.ping();
    const answer = await events.next(PING_LIMIT_MS);
    if (answer.kind !== 'alive') return lossFinding(answer);
    const pingMs = performance.now() - pingedMs;
    const shown = [
      displayUrl(target.url),
      target.url.protocol === 'wss:' ? 'the certificate is verified' : '',
      tokenFile !== '' ? 'the token is accepted' : '',
      `ping ${pingMs.toFixed(pingMs < 10 ? 1 : 0)} ms`,
    ]
      .filter(Boolean)
      .join(', ');
    if (pingMs <= SLOW_PING_MS) return ok(SUBJECT, shown);
    return warning(SUBJECT, `${shown}: slow`, 'replies will begin late; look at the network between');
  } finally {
    socket.terminate();
    await socket.gone;
  }
}

function lossFindingOf(loss: Happening, place: ServerPlace): Finding {
  if (loss.kind === 'opened' || loss.kind === 'alive' || loss.kind === 'greeted')
    return failure(SUBJECT, 'it answered out of order');
  const [cause, remedy] = parted(classify(loss).reason);
  return failure(SUBJECT, cause, serverRemedy([cause, remedy], place));
}

type Happening = Loss | { kind: 'opened' } | { kind: 'alive' } | { kind: 'greeted' };

/** What a socket tells, one thing after the other. */
class Waiting {
  readonly #past: Happening[] = [];
  #waiting: ((happening: Happening) => void) | undefined;
  #isWanted: (happening: Happening) => boolean = () => true;

  happened(happening: Happening): void {
    // Bytes of the handshake itself say nothing.
    if (this.#waiting && this.#isWanted(happening)) this.#waiting(happening);
    else if (happening.kind !== 'alive') this.#past.push(happening);
  }

  next(limitMs: number, isWanted: (happening: Happening) => boolean = () => true): Promise<Happening> {
    this.#isWanted = isWanted;
    const past = this.#past.shift();
    if (past) return Promise.resolve(past);
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#waiting?.({ kind: 'timeout', afterMs: limitMs }), limitMs);
      this.#waiting = (happening) => {
        clearTimeout(timer);
        this.#waiting = undefined;
        resolve(happening);
      };
    });
  }
}

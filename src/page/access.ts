import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { isIP } from 'node:net';

/** Who is let in, and under which names. */
export interface AccessOptions {
  /** What is listened on. */
  host: string;
  /** This machine's own name. */
  machineName: string;
  /** Further names that lead here, such as those of a proxy. */
  names: readonly string[];
  /** Undefined: whoever reaches the port is let in, which is for the loopback alone. */
  token: string | undefined;
}

const COOKIE = 'tars_page';
const COOKIE_AGE_S = 365 * 24 * 3600;
/** Of one request; a browser sends one, or a few of other paths. Each costs a comparison. */
const COOKIES_MAX = 4;
const LOOPBACK_NAMES = ['localhost', '127.0.0.1', '::1'];

/** True for an address that only this machine can reach. */
export function isLoopback(host: string): boolean {
  return LOOPBACK_NAMES.includes(host) || (isIP(host) === 4 && host.startsWith('127.'));
}

/**
 * Decides about a request from its headers alone. The name it was sent to must be one of this device's, or a page of
 * somebody else's could lead its own name here (DNS rebinding); a browser's request must come from this very page; and
 * where there is a token, it is asked for as a bearer token or as the cookie that it buys.
 */
export class Access {
  readonly #options: AccessOptions;
  readonly #names: ReadonlySet<string>;
  readonly #isOpen: boolean;
  /** The cookie that stands for the token. */
  readonly #ticket: string | undefined;

  constructor(options: AccessOptions) {
    this.#options = options;
    const { host, machineName, names, token } = options;
    this.#ticket = token === undefined ? undefined : `${COOKIE}=${ticketFor(token)}`;
    this.#isOpen = !isLoopback(host);
    const machine = this.#isOpen ? [machineName, `${machineName}.local`] : [];
    this.#names = new Set([...LOOPBACK_NAMES, host, ...machine, ...names].map((name) => name.toLowerCase()));
  }

  /** The request was sent to one of this device's names. An address is no name that anybody could lead elsewhere. */
  isForUs({ host = '' }: IncomingHttpHeaders): boolean {
    const named = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+?)\.?)(?::\d{1,5})?$/i.exec(host);
    const name = (named?.[1] ?? named?.[2] ?? '').toLowerCase();
    return this.#names.has(name) || (this.#isOpen && isIP(name) !== 0);
  }

  /** The request comes from a page that this device served. Only browsers tell, and always where it matters. */
  isFromUs({ origin, host }: IncomingHttpHeaders): boolean {
    return origin === `http://${host}` || origin === `https://${host}`;
  }

  /**
   * The request is another site's, which could only want to give this device work: its pages may lead here, and ask for
   * nothing. Whoever is no browser tells neither origin nor site.
   */
  isForeign(headers: IncomingHttpHeaders): boolean {
    if (headers.origin !== undefined && !this.isFromUs(headers)) return true;
    const { 'sec-fetch-site': site, 'sec-fetch-mode': mode } = headers;
    return (site === 'cross-site' || site === 'same-site') && mode !== 'navigate';
  }

  /** The request brings the token, or the cookie that stands for it; or none is wanted. */
  isAllowed({ authorization = '', cookie = '' }: IncomingHttpHeaders): boolean {
    const { token } = this.#options;
    const ticket = this.#ticket;
    if (token === undefined || ticket === undefined) return true;
    const bearer = /^Bearer +(\S+) *$/i.exec(authorization)?.[1];
    if (bearer !== undefined) return isSame(bearer, token);
    const pairs = cookie.split(';').map((pair) => pair.trim());
    const tickets = pairs.filter((pair) => pair.startsWith(`${COOKIE}=`)).slice(0, COOKIES_MAX);
    return tickets.some((pair) => isSame(pair, ticket));
  }

  /** The `Set-Cookie` that the token buys, for a page with these headers; undefined for another token. */
  cookieFor(given: string, { origin = '' }: IncomingHttpHeaders): string | undefined {
    const { token } = this.#options;
    if (token === undefined || !isSame(given, token)) return undefined;
    const secure = origin.startsWith('https:') ? '; Secure' : '';
    return `${this.#ticket}; Path=/; Max-Age=${COOKIE_AGE_S}; HttpOnly; SameSite=Strict${secure}`;
  }
}

/** What the browser keeps instead of the token itself; another token makes it worthless. */
function ticketFor(token: string): string {
  return createHmac('sha256', token).update('tars-client status page').digest('base64url');
}

/** Takes the same time whatever the difference. */
function isSame(given: string, wanted: string): boolean {
  const hash = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(hash(given), hash(wanted));
}

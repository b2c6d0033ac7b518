import { readSecret } from '../config/secret.js';
import type { Config } from '../config.js';
import { PageError } from '../errors.js';
import { isLoopback } from './access.js';

/** A token is typed once for each browser; a shorter one could be guessed. */
const TOKEN_CHARS_MIN = 16;
const HOW_TO_MAKE_ONE = 'head -c 18 /dev/urandom | base64 makes one';

/** `host:port` in its parts; the brackets of an IPv6 host are left out. */
export function addressOf(listen: string): { host: string; port: number } {
  const at = listen.lastIndexOf(':');
  return { host: listen.slice(0, at).replace(/^\[|\]$/g, ''), port: Number(listen.slice(at + 1)) };
}

/**
 * The token that the page asks for; undefined where it asks for none. Throws ConfigError for a file that cannot be read, and
 * PageError for a token that is too short, and where the network would see a page without one: also by a proxy on this machine,
 * for which names are configured.
 */
export function pageToken({ listen, token_file, names }: Config['page']): string | undefined {
  const token = readSecret('page.token_file', token_file);
  if (token === undefined) {
    if (names.length > 0) {
      throw new PageError(
        `page.names = ${JSON.stringify(names)}: by another name others than this machine see the page, so it needs a token: ` +
          `name a file in page.token_file (${HOW_TO_MAKE_ONE}), or leave page.names empty`,
      );
    }
    if (isLoopback(addressOf(listen).host)) return undefined;
    throw new PageError(
      `page.listen = "${listen}" shows the page to the network, so it needs a token: name a file in page.token_file ` +
        `(${HOW_TO_MAKE_ONE}), or listen on 127.0.0.1`,
    );
  }
  if (token.length >= TOKEN_CHARS_MIN) return token;
  throw new PageError(
    `page.token_file: the token in ${token_file} has ${token.length} characters; at least ${TOKEN_CHARS_MIN} are needed ` +
      `(${HOW_TO_MAKE_ONE})`,
  );
}

import { lookup as dnsLookup } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';

const PRIVATE = new BlockList();
PRIVATE.addSubnet('127.0.0.0', 8, 'ipv4');
PRIVATE.addSubnet('10.0.0.0', 8, 'ipv4');
PRIVATE.addSubnet('172.16.0.0', 12, 'ipv4');
PRIVATE.addSubnet('192.168.0.0', 16, 'ipv4');
PRIVATE.addSubnet('169.254.0.0', 16, 'ipv4');
PRIVATE.addAddress('::1', 'ipv6');
PRIVATE.addSubnet('fc00::', 7, 'ipv6');
PRIVATE.addSubnet('fe80::', 10, 'ipv6');

/** The code of the error with which `privateLookup` refuses a name. */
export const PLAINTEXT_REFUSED = 'PLAINTEXT_REFUSED';

/**
 * True for loopback, private (RFC 1918, RFC 4193) and link-local addresses. The shared space of RFC 6598 is not among
 * them: an internet provider's other customers are in it.
 */
export function isPrivateAddress(address: string): boolean {
  const plain = address.replace(/%.*$/, '').replace(/^::ffff:(?=\d+\.)/i, '');
  const family = isIP(plain);
  return family !== 0 && PRIVATE.check(plain, family === 4 ? 'ipv4' : 'ipv6');
}

/** The host of a URL as the resolver and the socket take it: an IPv6 address without its brackets. */
export function hostOf(url: URL): string {
  return url.hostname.replace(/^\[(.*)\]$/, '$1');
}

/**
 * Resolves like `lookup`, but fails with the code `PLAINTEXT_REFUSED` if any address is not private. Used for the very
 * look-up that the connection is made with, so that no answer can differ between the check and the use.
 */
export function privateLookup(lookup: LookupFunction = dnsLookup): LookupFunction {
  return (host, options, callback) => {
    lookup(host, options, (error, address, family) => {
      if (error) {
        callback(error, address, family);
        return;
      }
      const addresses = Array.isArray(address) ? address.map((each) => each.address) : [address];
      const stranger = addresses.find((each) => !isPrivateAddress(each));
      callback(stranger === undefined ? null : plaintextRefused(host, stranger), address, family);
    });
  };
}

/** The error for a host that a token must not be sent to in the clear. */
export function plaintextRefused(host: string, address: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${host} (${address}) is not a private address`), { code: PLAINTEXT_REFUSED });
}

/** A URL for people and logs: user, password and the values of the query are masked. */
export function displayUrl(url: URL): string {
  const shown = new URL(url);
  if (shown.username) shown.username = '***';
  if (shown.password) shown.password = '***';
  for (const key of new Set(shown.searchParams.keys())) shown.searchParams.set(key, '***');
  return shown.href;
}

/** `text` with every occurrence of the token masked, plain or percent-encoded. */
export function maskToken(text: string, token: string | undefined): string {
  if (!token) return text;
  return text.replaceAll(token, '***').replaceAll(encodeURIComponent(token), '***');
}

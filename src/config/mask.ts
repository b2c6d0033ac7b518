const MASK = '***';

/**
 * An address that may be shown: user name, password and the values of its query are replaced by `***`. Works on the
 * text, so that an address too wrong to be parsed is masked as well.
 */
export function maskUrl(url: string): string {
  return url
    .replace(/^([^/?#]*\/\/)?[^/?#]*@/, `$1${MASK}@`)
    .replace(/\?([^#]*)/, (_, query: string) => `?${query.split('&').map(maskPair).join('&')}`);
}

function maskPair(pair: string): string {
  const equals = pair.indexOf('=');
  if (equals >= 0) return `${pair.slice(0, equals)}=${MASK}`;
  return pair === '' ? '' : MASK;
}

/** A key's value as it may be shown in an error or by the `config` command. */
export function masked(path: string, value: unknown): unknown {
  return path === 'server.url' && typeof value === 'string' ? maskUrl(value) : value;
}

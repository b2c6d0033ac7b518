import type { Config } from '../config.js';
import { ClientError } from '../errors.js';
import { isLoopback } from '../page/access.js';
import { addressOf, pageToken } from '../page/page-settings.js';
import { type Check, type Finding, ok, warning } from './finding.js';

/** The status page, where it is switched on: who reaches it, and by what. A wrong page does not keep the device from working. */
export function pageCheck(page: Config['page']): Check {
  return { subject: 'page', run: async () => (page.enabled ? [findingOf(page)] : []) };
}

function findingOf(page: Config['page']): Finding {
  try {
    const token = pageToken(page) === undefined ? 'without a token' : 'with a token';
    if (isLoopback(addressOf(page.listen).host)) return ok('page', `${page.listen}, for this machine alone, ${token}`);
    return ok('page', `${page.listen}, OPEN TO THE NETWORK, ${token}, unencrypted`);
  } catch (error) {
    if (!(error instanceof ClientError)) throw error;
    return warning('page', `it is not served: ${error.message}`, 'mend page.listen or page.token_file');
  }
}

import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { ConfigError, messageOf } from '../errors.js';

const PEM = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g;

/**
 * The certificates in a PEM file, as text; undefined when `file` is "". Throws ConfigError, which names key, file and
 * remedy, when the file cannot be read, holds no certificate, or one that is damaged.
 */
export function readCertificates(key: string, file: string): string | undefined {
  if (file === '') return undefined;
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new ConfigError(`${key}: ${file} cannot be read: ${messageOf(error)}`, { cause: error });
  }
  const certificates = text.match(PEM) ?? [];
  if (certificates.length === 0) {
    throw new ConfigError(`${key}: ${file} holds no certificate; it must be in PEM, with BEGIN and END CERTIFICATE`);
  }
  for (const [index, certificate] of certificates.entries()) {
    try {
      new X509Certificate(certificate);
    } catch (error) {
      throw new ConfigError(`${key}: certificate ${index + 1} in ${file} is damaged: ${messageOf(error)}`, {
        cause: error,
      });
    }
  }
  // Only the certificates: a key that somebody put into the same file goes no further.
  return certificates.join('\n');
}

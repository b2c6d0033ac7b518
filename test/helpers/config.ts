import { loadConfig } from '../../src/config.js';

/** The configuration of a device that has these flags and nothing else but the defaults. */
export function configOf(settings: Readonly<Record<string, string>>) {
  return loadConfig({ flags: new Map(Object.entries(settings)), env: {}, systemFile: '/nonexistent' }).config;
}

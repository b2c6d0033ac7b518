import { App } from '../app.js';
import { systemClock } from '../clock.js';
import type { Config } from '../config.js';
import { createLog, Journal } from '../log.js';
import { demonstrateWithoutMicrophone } from './demonstration.js';
import { watchKeys } from './keys.js';

/**
 * Runs the device until the signal aborts; resolves with the exit code. SIGHUP dials at once, SIGUSR1 mutes and unmutes. Throws ConfigError or HotwordError for what only
 * a person can mend, after everything that had been started is closed.
 */
export async function runCommand(config: Config, signal: AbortSignal): Promise<number> {
  const log = createLog(config.log);
  const journal = new Journal(log);
  const app = new App({ config, journal, log, clock: systemClock, random: Math.random });
  const stop = () => void app.close();
  signal.addEventListener('abort', stop);
  const hurry = () => app.hurryLink();
  const mute = () => app.toggleMute();
  process.on('SIGHUP', hurry);
  process.on('SIGUSR1', mute);
  try {
    const stopKeys = watchKeys(app);
    const demonstration = demonstrateWithoutMicrophone({ config, journal, log, signal });
    await app.start();
    if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
    await demonstration;
    stopKeys();
  } finally {
    process.off('SIGHUP', hurry);
    process.off('SIGUSR1', mute);
    await app.close();
  }
  journal.record('client.stopped', { code: 0 });
  return 0;
}

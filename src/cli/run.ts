import { App } from '../app.js';
import { systemClock } from '../clock.js';
import type { Config } from '../config.js';
import { exitCodeOf } from '../errors.js';
import { createLog, Journal } from '../log.js';
import { systemdNotifier } from '../service/notifier.js';
import { Service } from '../service/service.js';
import { demonstrateWithoutMicrophone } from './demonstration.js';
import { watchKeys } from './keys.js';

/** Ignored by a process that does not know it, unlike SIGUSR1, which opens Node's debugger, and SIGUSR2, which kills. */
const MUTE_SIGNAL = 'SIGURG';

/**
 * Runs the device until the signal aborts; resolves with the exit code. SIGHUP dials at once, SIGURG mutes and unmutes. Throws ConfigError or HotwordError for what only
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
  // On a terminal SIGHUP says that the terminal is gone, and main.ts ends the program.
  if (process.stdin.isTTY !== true) process.on('SIGHUP', hurry);
  process.on(MUTE_SIGNAL, mute);
  const stopKeys = watchKeys(app);
  const demonstration = demonstrateWithoutMicrophone({ config, journal, log, signal });
  const notifier = await systemdNotifier({ env: process.env, pid: process.pid, log });
  const health = () => ({ chunkAgeMs: app.chunkAgeMs });
  const service = notifier && new Service({ notifier, journal, health, clock: systemClock, log });
  service?.start();
  let code = 0;
  try {
    await app.start();
    if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
    await demonstration;
  } catch (error) {
    code = exitCodeOf(error);
    throw error;
  } finally {
    process.off('SIGHUP', hurry);
    process.off(MUTE_SIGNAL, mute);
    stopKeys();
    service?.close();
    await app.close();
    journal.record('client.stopped', { code });
  }
  return code;
}

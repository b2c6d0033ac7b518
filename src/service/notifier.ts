import { messageOf } from '../errors.js';
import type { Log } from '../log.js';

/** What a service manager is told; see sd_notify(3) for the names. */
export type Notification = Readonly<Record<string, string | number>>;

/** A way to tell a service manager something. Never throws: a device works without one. */
export interface Notifier {
  notify(notification: Notification): void;
  /** How often the manager wants `WATCHDOG=1`, in milliseconds; undefined when it does not watch. */
  readonly watchdogMs: number | undefined;
}

/** Options of `systemdNotifier`. */
export interface NotifierOptions {
  env: NodeJS.ProcessEnv;
  pid: number;
  log: Log;
  /** @default 'libsystemd.so.0' */
  library?: string;
}

/**
 * The service manager that started this process, spoken to through libsystemd; undefined when none did (no
 * NOTIFY_SOCKET). A library that cannot be loaded is logged, once.
 */
export async function systemdNotifier(options: NotifierOptions): Promise<Notifier | undefined> {
  const { env, pid, log, library = 'libsystemd.so.0' } = options;
  if (!env.NOTIFY_SOCKET) return undefined;
  try {
    const { load } = await import('koffi');
    const send = load(library).func('int sd_notify(int, const char *)');
    return {
      watchdogMs: watchdogMsOf(env, pid),
      notify: (notification) => {
        const text = Object.entries(notification)
          .map(([name, value]) => `${name}=${String(value).replace(/\s+/g, ' ')}`)
          .join('\n');
        const result = Number(send(0, text));
        if (result < 0) log.debug({ errno: -result }, 'the service manager could not be told');
      },
    };
  } catch (error) {
    log.error({ why: messageOf(error) }, 'the service manager is not told anything: apt-get install libsystemd0');
    return undefined;
  }
}

/** As sd_watchdog_enabled(3): WATCHDOG_USEC, unless WATCHDOG_PID names another process. */
function watchdogMsOf(env: NodeJS.ProcessEnv, pid: number): number | undefined {
  if (env.WATCHDOG_PID && Number(env.WATCHDOG_PID) !== pid) return undefined;
  const microseconds = Number(env.WATCHDOG_USEC);
  return microseconds > 0 ? microseconds / 1000 : undefined;
}

import { pino } from 'pino';
import { Journal } from '../../src/log.js';
import type { Notification, Notifier } from '../../src/service/notifier.js';

/** A service manager that only remembers what it is told. */
export class FakeManager implements Notifier {
  readonly told: Notification[] = [];
  readonly watchdogMs: number | undefined;

  constructor(watchdogMs?: number) {
    this.watchdogMs = watchdogMs;
  }

  notify(notification: Notification): void {
    this.told.push(notification);
  }

  /** How often a name was told. */
  count(name: string): number {
    return this.told.filter((notification) => name in notification).length;
  }

  /** The last STATUS. */
  get status(): unknown {
    return this.told.findLast((notification) => 'STATUS' in notification)?.STATUS;
  }
}

/** A journal whose log goes nowhere. */
export function silentJournal(): Journal {
  return new Journal(pino({ level: 'silent' }));
}

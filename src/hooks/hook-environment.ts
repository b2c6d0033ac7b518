import type { JournalEntry } from '../log.js';

/** What a program needs to run, to speak its language, and to reach the session of the user; nothing that could be a secret. */
const INHERITED = [
  ...['PATH', 'HOME', 'USER', 'LOGNAME', 'LANG', 'LC_ALL', 'TZ', 'TMPDIR'],
  ...['XDG_RUNTIME_DIR', 'DBUS_SESSION_BUS_ADDRESS', 'DISPLAY', 'WAYLAND_DISPLAY', 'PULSE_SERVER'],
];
/** A stack may be long, and the kernel refuses a program whose environment is. */
const LIMIT_CHARACTERS = 8_000;

/**
 * The environment of a hook: `TARS_EVENT`, and each field of the event as `TARS_` and its name in capitals (`playedMs` is
 * `TARS_PLAYED_MS`); a list has a line for each entry. Of the program's own environment only what is harmless.
 */
export function hookEnvironment({ event, fields }: JournalEntry, env: NodeJS.ProcessEnv): Record<string, string> {
  const own = INHERITED.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]] as const]));
  const told = Object.entries(fields).map(([name, value]) => [variableOf(name), textOf(value)] as const);
  return Object.fromEntries([...own, ['TARS_EVENT', event] as const, ...told]);
}

function variableOf(field: string): string {
  return `TARS_${field.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
}

function textOf(value: unknown): string {
  const text = Array.isArray(value) ? value.join('\n') : String(value);
  return text.replaceAll('\0', ' ').slice(0, LIMIT_CHARACTERS);
}

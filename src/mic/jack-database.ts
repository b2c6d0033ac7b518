import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '../errors.js';
import type { Log } from '../log.js';
import { entries, text } from '../pcm/system-files.js';

/** Where `clearJackDatabase` looks; for tests. */
export interface JackPlaces {
  /** @default '/dev/shm' */
  memory?: string;
  /** @default '/proc' */
  processes?: string;
  /** @default this process's user */
  userId?: number;
}

/**
 * Removes the database that JACK's library keeps for this user in shared memory, unless some process has it open. PortAudio
 * opens it whenever it lists devices, by the library itself or by ALSA's plugin for it, whether or not JACK is in use. It is a
 * Berkeley DB: a lock of a process that was killed within stays, and everybody after it waits for ever, until its files are
 * deleted (Berkeley DB Programmer's Reference, "Handling failure in Data Store and Concurrent Data Store applications"; the same
 * remedy in https://github.com/jackaudio/jack2/issues/647). True where it was removed.
 */
export function clearJackDatabase(log: Log, places: JackPlaces = {}): boolean {
  const { memory = '/dev/shm', processes = '/proc', userId = process.getuid?.() } = places;
  const name = `jack_db-${userId}`;
  const folder = join(memory, name);
  if (!entries(memory).includes(name)) return false;
  const pids = entries(processes).filter((entry) => /^\d+$/.test(entry));
  const isOpen = pids.some((pid) => text(join(processes, pid, 'maps')).includes(`${folder}/`));
  if (isOpen) return false;
  try {
    rmSync(folder, { recursive: true });
  } catch (error) {
    log.debug({ folder, why: messageOf(error) }, "JACK's database could not be removed");
    return false;
  }
  log.debug(
    { folder },
    "JACK's database removed: the microphone's child may have waited for a lock of a dead process in it",
  );
  return true;
}

import { join } from 'node:path';
import { entries, text } from './system-files.js';

/** Which way sound goes: `c` is capture, `p` is playback, as in the names of ALSA's devices. */
export type Direction = 'c' | 'p';

/** A process that has a sound device of this machine open. */
export interface Holder {
  /** ALSA's name of the card, as in `plughw:CARD=…`. */
  card: string;
  /** ALSA's number of the card, as in `hw:0`. */
  index: number;
  pid: number;
  /** The program's name; empty where it cannot be told. */
  program: string;
}

/** What the words of a failure have in them when another program may hold the device; each library has its own. */
const BUSY = /busy|unavailable|open\(\) failed|cannot open|failed to open/i;

/** Who has a device of this direction open, as far as the kernel tells; `root` is for tests. */
export function holders(direction: Direction, root = '/proc'): Holder[] {
  const cards = join(root, 'asound');
  return entries(cards)
    .filter((name) => /^card\d+$/.test(name))
    .flatMap((card) => {
      const folder = join(cards, card);
      const devices = entries(folder).filter((name) => /^pcm\d+[cp]$/.test(name) && name.endsWith(direction));
      const statuses = devices.flatMap((device) =>
        entries(join(folder, device))
          .filter((name) => name.startsWith('sub'))
          .map((sub) => text(join(folder, device, sub, 'status'))),
      );
      const pids = statuses.flatMap((status) => /owner_pid\s*:\s*(\d+)/.exec(status)?.[1] ?? []);
      return [...new Set(pids)].map((pid) => ({
        card: text(join(folder, 'id')),
        index: Number(card.slice('card'.length)),
        pid: Number(pid),
        program: text(join(root, pid, 'comm')),
      }));
    });
}

/** Why a device failed, and who holds it, where the failure sounds like that and the kernel tells. */
export function withHolders(why: string, device: string, direction: Direction, root = '/proc'): string {
  if (!BUSY.test(why)) return why;
  const said = holdersSaid(device, direction, root);
  return said === '' ? why : `${why}; ${said}`;
}

/** For a person: who has the card of a device open, or of any device where its name has none; empty if the kernel tells of nobody. */
export function holdersSaid(device: string, direction: Direction, root = '/proc'): string {
  const card = /CARD=([^,]+)/.exec(device)?.[1];
  const found = holders(direction, root).filter((holder) => card === undefined || holder.card === card);
  if (found.length === 0) return '';
  const said = found.map(({ program, pid, card: name }) => {
    const unit = unitOf(pid, root);
    return `${name} by ${program || 'process'} (pid ${pid}${unit && `, ${unit}`})`;
  });
  return `in use: ${said.join(', ')}`;
}

/** The service that a process belongs to, as `mpd.service` or `mpd.service of user 1000`; empty where it is of none. */
function unitOf(pid: number, root: string): string {
  const group = text(join(root, String(pid), 'cgroup'));
  const unit = /\/([^/\n]+\.service)$/m.exec(group)?.[1] ?? '';
  const user = /\/user@(\d+)\.service\//.exec(group)?.[1];
  return unit && user ? `${unit} of user ${user}` : unit;
}

/** Where the picture has its states and arrows; pixels. What they say comes from the machine. */

export interface Box {
  x: number;
  y: number;
  w: number;
  h: number;
}

/** An arrow: its corners, and where its label stands. */
export interface Route {
  points: readonly (readonly [x: number, y: number])[];
  label: { x: number; y: number; anchor: 'start' | 'middle' | 'end'; lineChars: number };
}

export const SIZE = { w: 960, h: 866 };

/** The states, by path. */
export const BOXES: Readonly<Record<string, Box>> = {
  idle: { x: 28, y: 56, w: 228, h: 88 },
  listening: { x: 28, y: 292, w: 228, h: 100 },
  hotwordDetected: { x: 28, y: 528, w: 228, h: 128 },
  announcement: { x: 28, y: 686, w: 908, h: 156 },
  activeSession: { x: 452, y: 28, w: 484, h: 644 },
  'activeSession.reply': { x: 472, y: 88, w: 290, h: 150 },
  'activeSession.draining': { x: 472, y: 312, w: 290, h: 172 },
  'activeSession.userTurn': { x: 472, y: 550, w: 290, h: 106 },
};

/** The arrows, by `from>to`. What leads elsewhere is written into the box that it leaves. */
export const ROUTES: Readonly<Record<string, Route>> = {
  'idle>listening': arrow(
    [
      [76, 144],
      [76, 292],
    ],
    [84, 216],
    'start',
    20,
  ),
  'listening>idle': arrow(
    [
      [184, 292],
      [184, 144],
    ],
    [192, 216],
    'start',
    30,
  ),
  'listening>hotwordDetected': arrow(
    [
      [76, 392],
      [76, 528],
    ],
    [84, 458],
    'start',
    10,
  ),
  'hotwordDetected>listening': arrow(
    [
      [184, 528],
      [184, 392],
    ],
    [192, 450],
    'start',
    18,
  ),
  'hotwordDetected>activeSession': arrow(
    [
      [256, 606],
      [452, 606],
    ],
    [354, 597],
    'middle',
    26,
  ),
  'activeSession>listening': arrow(
    [
      [452, 322],
      [256, 322],
    ],
    [354, 313],
    'middle',
    26,
  ),
  'activeSession>idle': arrow(
    [
      [452, 94],
      [256, 94],
    ],
    [354, 85],
    'middle',
    24,
  ),
  'activeSession.userTurn>activeSession.reply': arrow(
    [
      [762, 618],
      [922, 618],
      [922, 116],
      [762, 116],
    ],
    [772, 611],
    'start',
    20,
  ),
  'activeSession.reply>activeSession.userTurn': arrow(
    [
      [762, 178],
      [906, 178],
      [906, 582],
      [762, 582],
    ],
    [772, 196],
    'start',
    18,
  ),
  'activeSession.reply>activeSession.draining': arrow(
    [
      [486, 238],
      [486, 312],
    ],
    [494, 264],
    'start',
    20,
  ),
  'activeSession.draining>activeSession.reply': arrow(
    [
      [748, 312],
      [748, 238],
    ],
    [740, 279],
    'end',
    20,
  ),
  'activeSession.draining>activeSession.userTurn': arrow(
    [
      [486, 484],
      [486, 550],
    ],
    [494, 506],
    'start',
    27,
  ),
};

function arrow(
  points: Route['points'],
  [x, y]: readonly [x: number, y: number],
  anchor: Route['label']['anchor'],
  lineChars: number,
): Route {
  return { points, label: { x, y, anchor, lineChars } };
}

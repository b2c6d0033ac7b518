import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type DeviceView, livingLine } from '../../src/cli/living-line.js';

const VIEW: DeviceView = {
  state: 'listening',
  isMuted: false,
  isLinkUp: true,
  level: { rmsDb: -30, peakDb: -15 },
  score: 0.554,
  threshold: 0.5,
  turn: { turn: 3, firstByteOutMs: 2.4, replyAfterMs: 812.2, firstSampleMs: 46.1, playedMs: 3700 },
};
const PLAIN = { isColoured: false, isUnicode: true };

const lineAt = (columns: number, view: Partial<DeviceView> = {}) =>
  livingLine({ ...VIEW, ...view }, { ...PLAIN, columns });

describe('the living line', () => {
  for (const [columns, line] of [
    [
      160,
      '● listening  link up  mic ██████████····┃····· -30 dB  hotword 0.55 (threshold 0.5)  turn 3: out 2 ms, reply 812 ms, sound 46 ms',
    ],
    [
      125,
      '● listening  link up  mic █████··┃·· -30 dB  hotword 0.55 (threshold 0.5)  turn 3: out 2 ms, reply 812 ms, sound 46 ms',
    ],
    [100, '● listening  link up  mic █████··┃·· -30 dB  hotword 0.55 (threshold 0.5)  turn 2/812/46 ms'],
    [80, '● listening  link up  mic █████··┃·· -30 dB  hotword 0.55  turn 2/812/46 ms'],
    [70, '● listening  link up  mic █████··┃·· -30 dB  hotword 0.55'],
    [45, '● listening  link up  mic ███·┃· -30 dB'],
    [30, '● listening  ███·┃·'],
    [15, '● listening'],
    [8, '● liste'],
    [1, ''],
  ] as const) {
    it(`at ${columns} columns leaves the last column free`, () => assert.equal(lineAt(columns), line));
  }

  it('has the same width with colours', () => {
    const coloured = livingLine(VIEW, { columns: 80, isColoured: true, isUnicode: true });
    // biome-ignore lint/suspicious/noControlCharactersInRegex: colours begin with one
    assert.equal(coloured.replace(/\u001b\[\d+m/g, ''), lineAt(80));
    assert.ok(coloured.startsWith('\u001b[32m● listening\u001b[0m'));
  });

  it('is ASCII where the terminal is', () => {
    const line = livingLine(VIEW, { columns: 160, isColoured: false, isUnicode: false });
    assert.match(line, /^\* listening {2}link up {2}mic ##########\.\.\.\.\|\.\.\.\.\. /);
    assert.match(line, /^[ -~]*$/);
  });

  it('names the innermost state, and mute before any', () => {
    assert.match(lineAt(80, { state: 'activeSession.userTurn' }), /^● userTurn {2}/);
    assert.match(lineAt(80, { state: 'idle', isMuted: true }), /^● muted {2}/);
  });

  it('tells what is missing', () => {
    const line = lineAt(160, {
      isLinkUp: false,
      level: undefined,
      score: undefined,
      threshold: undefined,
      turn: undefined,
    });
    assert.equal(line, '● listening  link down  mic ····················    off');
    assert.match(lineAt(160, { score: undefined, threshold: 1e-25 }), / {2}hotword -\.-- \(threshold 1e-25\) {2}/);
  });

  it('shows a likelihood as its threshold is shown', () => {
    assert.match(lineAt(160, { score: 3.2e-16, threshold: 1e-25 }), / {2}hotword 3e-16 \(threshold 1e-25\) {2}/);
  });

  it('shows digital silence and full scale', () => {
    assert.match(lineAt(70, { level: { rmsDb: -100, peakDb: -100 } }), /mic ·{10} -inf dB/);
    assert.match(lineAt(70, { level: { rmsDb: 0, peakDb: 0 } }), /mic █{10} {3}0 dB/);
  });
});

import type { App } from '../app.js';

/** What the page sees of the device, and does to it. */
export type PageDevice = Pick<
  App,
  | 'state'
  | 'isMuted'
  | 'isLinkUp'
  | 'chunkAgeMs'
  | 'overdueState'
  | 'engine'
  | 'thresholds'
  | 'setThreshold'
  | 'micLevel'
  | 'score'
  | 'volume'
  | 'setVolume'
  | 'talk'
  | 'stop'
  | 'setMuted'
  | 'testTone'
>;

/** How a device is, for somebody who asks whether it works. */
export interface Vitals {
  state: string;
  isMuted: boolean;
  isLinkUp: boolean;
  /** Since the last chunk of the microphone, in milliseconds; undefined while the capture is closed. */
  chunkAgeMs: number | undefined;
  /** The name of a state that has outlived its limit. */
  overdueState: string | undefined;
}

/** A microphone that gives nothing for longer is replaced; this is well above. */
const DEAF_MS = 5_000;

/** What keeps a device from hearing its hotword; undefined when nothing does. A server that is away is no illness of it. */
export function illnessOf({ state, isMuted, chunkAgeMs, overdueState }: Vitals): string | undefined {
  if (overdueState !== undefined) return `the state ${overdueState} has outlived its limit`;
  if (isMuted) return undefined;
  if (state === 'idle') return 'the microphone or the hotword engine is missing';
  if (chunkAgeMs !== undefined && chunkAgeMs > DEAF_MS) {
    return `no sound from the microphone for ${Math.round(chunkAgeMs / 1000)} s`;
  }
  return undefined;
}

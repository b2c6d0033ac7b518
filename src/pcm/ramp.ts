import { bytesOf, frameBytes, type PcmFormat, samplesOf } from './format.js';

/** Long enough that a step becomes no click, short enough to be no sound. */
const RAMP_MS = 5;

/**
 * Sound that leads from silence to a frame, for the edge of a gap: the frame grows along half a cosine, and its own turn
 * comes after it. 16-bit sound only; of other widths there is no ramp.
 */
export function rampUp(frame: Uint8Array, format: PcmFormat): Uint8Array {
  if (format.bits !== 16 || frame.length < frameBytes(format)) return new Uint8Array(0);
  const target = samplesOf(frame);
  const frames = Math.round((format.rateHz * RAMP_MS) / 1000);
  const ramp = new Int16Array(frames * format.channels);
  for (let i = 0; i < ramp.length; i++) {
    const part = (Math.floor(i / format.channels) + 0.5) / frames;
    ramp[i] = Math.round((target[i % format.channels] ?? 0) * (0.5 - 0.5 * Math.cos(Math.PI * part)));
  }
  return bytesOf(ramp);
}

/** As `rampUp`, the other way: from a frame that has been played to silence. */
export function rampDown(frame: Uint8Array, format: PcmFormat): Uint8Array {
  const ramp = rampUp(frame, format);
  const size = frameBytes(format);
  const reversed = new Uint8Array(ramp.length);
  for (let at = 0; at < ramp.length; at += size) {
    reversed.set(ramp.subarray(at, at + size), ramp.length - at - size);
  }
  return reversed;
}

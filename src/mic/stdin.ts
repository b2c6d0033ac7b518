import type { Readable } from 'node:stream';
import { messageOf } from '../errors.js';
import { createConverter } from '../pcm/converter.js';
import { SPEECH_FORMAT } from '../pcm/format.js';
import { whenAborted } from '../when-aborted.js';
import type { Microphone, MicrophoneListener } from './microphone.js';

/** Options of `StreamMicrophone`. */
export interface StreamMicrophoneOptions {
  /** Raw 16-bit mono PCM at `inputRateHz`. */
  stream: Readable;
  inputRateHz: number;
  gainDb: number;
  /** Rate of the chunks handed on, in hertz. */
  rateHz: number;
}

/**
 * Raw PCM from a pipe as a microphone, as fast as it comes; what comes while nobody captures is thrown away. Its end, or
 * its failure (EIO of a terminal that is gone), is a lost microphone that does not come back.
 */
export class StreamMicrophone implements Microphone {
  readonly backend = 'stdin';
  readonly rateHz: number;
  readonly #options: StreamMicrophoneOptions;
  #why = 'standard input has ended';

  constructor(options: StreamMicrophoneOptions) {
    this.#options = options;
    this.rateHz = options.rateHz;
    // For ever: an error that nobody hears ends the program, also while it is muted.
    options.stream.on('error', (error) => {
      this.#why = `standard input: ${messageOf(error)}`;
    });
  }

  async capture(listener: MicrophoneListener, signal: AbortSignal): Promise<void> {
    const { stream, inputRateHz, gainDb } = this.#options;
    const format = { ...SPEECH_FORMAT, rateHz: inputRateHz };
    const convert = await createConverter({ format, channel: 1, gainDb, toRateHz: this.rateHz });
    const isOver = stream.readableEnded || stream.destroyed;
    if (isOver) listener.lost({ why: this.#why });
    let wasReady = false;
    const onData = (bytes: Buffer) => {
      const samples = convert.process(bytes);
      if (samples.length === 0) return;
      if (!wasReady) listener.ready({ device: 'standard input', rateHz: inputRateHz });
      wasReady = true;
      listener.chunk(samples);
    };
    const onEnd = () => {
      stream.off('end', onEnd).off('error', onEnd);
      listener.lost({ why: this.#why });
    };
    stream.on('data', onData);
    stream.resume();
    if (!isOver) stream.on('end', onEnd).on('error', onEnd);
    await whenAborted(signal);
    stream.off('data', onData);
    stream.off('end', onEnd).off('error', onEnd);
    // It flows on, into nothing: what waited in the pipe would be heard when the microphone is opened again.
    convert.close();
  }
}

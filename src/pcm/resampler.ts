import { AudioError, messageOf } from '../errors.js';

/** Changes the rate of a stream of mono samples. Sample n of the input and sample n·to/from of the output are the same moment. */
export interface Resampler {
  /**
   * Takes the next samples of any number; returns what is ready. At equal rates that is the same array. Throws
   * AudioError after `close`.
   */
  process(samples: Int16Array): Int16Array;
  /** The stream is over: returns the rest. After it a new stream begins. */
  flush(): Int16Array;
  /** Gives the memory back. May be called twice. */
  close(): void;
}

/** Makes a resampler. Throws AudioError where the rates are not equal and there is no libspeexdsp. */
export type MakeResampler = (fromHz: number, toHz: number) => Resampler;

/** What `createResampler` may be told beside the rates. */
export interface ResamplerOptions {
  /** Name of the shared library. @default 'libspeexdsp.so.1' */
  library?: string;
}

/** Speex's scale from 0 to 10; 5 keeps speech clean above 90 dB at about 0.1 % of a core. */
const QUALITY = 5;

/** Makes a resampler. Equal rates need no library; others throw AudioError where libspeexdsp is not installed. */
export async function createResampler(
  fromHz: number,
  toHz: number,
  options: ResamplerOptions = {},
): Promise<Resampler> {
  return fromHz === toHz ? sameRate() : (await loadResampling(options))(fromHz, toHz);
}

/** Loads the library for who cannot wait later. Where there is none, only the maker throws. */
export async function loadResampling(options: ResamplerOptions = {}): Promise<MakeResampler> {
  const speex = await loadSpeex(options.library ?? 'libspeexdsp.so.1').catch((error: unknown) => {
    if (error instanceof AudioError) return error;
    throw error;
  });
  return (fromHz, toHz) => {
    if (fromHz === toHz) return sameRate();
    if (speex instanceof AudioError) throw speex;
    return new SpeexResampler(speex, fromHz, toHz);
  };
}

function sameRate(): Resampler {
  return { process: (samples) => samples, flush: () => new Int16Array(0), close: () => undefined };
}

/** A native pointer; koffi gives null for the null pointer. */
type Pointer = unknown;

interface Speex {
  init(channels: number, fromHz: number, toHz: number, quality: number, error: [number]): Pointer;
  destroy(state: Pointer): void;
  process(
    state: Pointer,
    channel: number,
    input: Int16Array,
    inputLength: [number],
    output: Int16Array,
    outputLength: [number],
  ): number;
  inputLatency(state: Pointer): number;
  skipZeros(state: Pointer): number;
  reset(state: Pointer): number;
}

/** Each description of a function costs memory for good, so a library is described once. */
const loaded = new Map<string, Speex>();

async function loadSpeex(library: string): Promise<Speex> {
  const speex = loaded.get(library) ?? (await describeSpeex(library));
  loaded.set(library, speex);
  return speex;
}

async function describeSpeex(library: string): Promise<Speex> {
  try {
    const { load } = await import('koffi');
    const lib = load(library);
    return {
      init: lib.func('void *speex_resampler_init(uint32_t, uint32_t, uint32_t, int, _Out_ int *)') as Speex['init'],
      destroy: lib.func('void speex_resampler_destroy(void *)') as Speex['destroy'],
      process: lib.func(
        'int speex_resampler_process_int(void *, uint32_t, const int16_t *, _Inout_ uint32_t *, _Out_ int16_t *, _Inout_ uint32_t *)',
      ) as Speex['process'],
      inputLatency: lib.func('int speex_resampler_get_input_latency(void *)') as Speex['inputLatency'],
      skipZeros: lib.func('int speex_resampler_skip_zeros(void *)') as Speex['skipZeros'],
      reset: lib.func('int speex_resampler_reset_mem(void *)') as Speex['reset'],
    };
  } catch (error) {
    throw new AudioError(
      `sound of another rate needs ${library}, which cannot be loaded (${messageOf(error)}); ` +
        'install the package libspeexdsp1, or use sound at the rate that is wanted',
      { cause: error },
    );
  }
}

class SpeexResampler implements Resampler {
  readonly #speex: Speex;
  readonly #ratio: number;
  readonly #latencySamples: number;
  #state: Pointer | undefined;
  #taken = 0;
  #given = 0;

  constructor(speex: Speex, fromHz: number, toHz: number) {
    const error: [number] = [0];
    const state = speex.init(1, fromHz, toHz, QUALITY, error);
    if (!state) throw new AudioError(`no resampling from ${fromHz} to ${toHz} Hz: libspeexdsp gives error ${error[0]}`);
    this.#speex = speex;
    this.#ratio = toHz / fromHz;
    this.#state = state;
    this.#latencySamples = speex.inputLatency(state);
    speex.skipZeros(state);
  }

  process(samples: Int16Array): Int16Array {
    const output = this.#run(samples);
    this.#taken += samples.length;
    this.#given += output.length;
    return output;
  }

  flush(): Int16Array {
    const missing = Math.max(0, Math.round(this.#taken * this.#ratio) - this.#given);
    // A few samples more than the latency, for the rounding of the rates.
    const rest = this.#run(new Int16Array(this.#latencySamples + Math.ceil(2 / this.#ratio) + 2));
    this.#speex.reset(this.#state);
    this.#speex.skipZeros(this.#state);
    this.#taken = 0;
    this.#given = 0;
    return rest.slice(0, missing);
  }

  close(): void {
    if (this.#state === undefined) return;
    this.#speex.destroy(this.#state);
    this.#state = undefined;
  }

  #run(samples: Int16Array): Int16Array {
    if (this.#state === undefined) throw new AudioError('this resampler is closed');
    const output = new Int16Array(Math.ceil(samples.length * this.#ratio) + 16);
    let given = 0;
    for (let taken = 0; taken < samples.length; ) {
      const inputLength: [number] = [samples.length - taken];
      const outputLength: [number] = [output.length - given];
      this.#speex.process(this.#state, 0, samples.subarray(taken), inputLength, output.subarray(given), outputLength);
      if (inputLength[0] === 0 && outputLength[0] === 0) throw new AudioError('libspeexdsp takes no more samples');
      taken += inputLength[0];
      given += outputLength[0];
    }
    return output.slice(0, given);
  }
}

import { EngineMissingError, messageOf } from '../errors.js';

/** A native pointer; null is the null pointer. */
export type Pointer = unknown;

/** The functions of PocketSphinx 5prealpha that keyphrase spotting needs. */
export interface SphinxLibrary {
  /** Makes a configuration from names and values; null when one is wrong. */
  configure(values: Readonly<Record<string, string>>): Pointer;
  freeConfig(config: Pointer): void;
  init(config: Pointer): Pointer;
  free(decoder: Pointer): void;
  setKeyphraseFile(decoder: Pointer, searchName: string, file: string): number;
  setSearch(decoder: Pointer, searchName: string): number;
  /** Forgets the noise of the room; between utterances. */
  startStream(decoder: Pointer): number;
  startUtterance(decoder: Pointer): number;
  endUtterance(decoder: Pointer): number;
  /** Negative on failure. */
  processRaw(decoder: Pointer, samples: Int16Array, count: number, noSearch: 0, fullUtterance: 0): number;
  hypothesis(decoder: Pointer, score: null): string | null;
  isInSpeech(decoder: Pointer): number;
  firstSegment(decoder: Pointer, score: null): Pointer;
  nextSegment(segment: Pointer): Pointer;
  segmentWord(segment: Pointer): string | null;
  /** The first frame of a segment, counted from the start of the utterance. */
  segmentFirstFrame(segment: Pointer): number;
  segmentProbability(segment: Pointer, acoustic: null, language: null, backoff: null): number;
  /** Sets the mean that is taken off every cepstrum, as if the decoder had heard 5 s of such sound. */
  setCepstralMean(decoder: Pointer, mean: Float32Array): void;
  /** The sum of the cepstra since, with those that `setCepstralMean` stands for, and their number. */
  cepstralSum(decoder: Pointer): { sum: readonly number[]; frames: number };
}

/** Names of the shared libraries. */
export interface SphinxNames {
  pocketsphinx: string;
  sphinxbase: string;
}

/** What Debian 12 and 13 install: libpocketsphinx3 and libsphinxbase3. */
const SPHINX_NAMES: SphinxNames = { pocketsphinx: 'libpocketsphinx.so.3', sphinxbase: 'libsphinxbase.so.3' };

/** Loads PocketSphinx and makes it silent. Throws EngineMissingError naming the packages when it is not there. */
export async function loadSphinx(names: SphinxNames = SPHINX_NAMES): Promise<SphinxLibrary> {
  try {
    const { load, struct, decode } = await import('koffi');
    const base = load(names.sphinxbase);
    const sphinx = load(names.pocketsphinx);
    base.func('void err_set_logfp(void *)')(null);
    const configure = base.func('void *cmd_ln_init(void *, void *, int, ...)');
    const knownArguments = sphinx.func('void *ps_args()')();
    const featureOf = sphinx.func('void *ps_get_feat(void *)');
    const setLiveMean = base.func('void cmn_live_set(void *, const float *)');
    // The public struct feat_t of sphinxbase/feat.h up to its cmn_struct, which nothing else gives access to.
    const feature = struct({
      refcount: 'int',
      name: 'void *',
      cepsize: 'int32_t',
      n_stream: 'int32_t',
      stream_len: 'void *',
      window_size: 'int32_t',
      n_sv: 'int32_t',
      sv_len: 'void *',
      subvecs: 'void *',
      sv_buf: 'void *',
      sv_dim: 'int32_t',
      cmn: 'int',
      varnorm: 'int32_t',
      agc: 'int',
      compute_feat: 'void *',
      cmn_struct: 'void *',
    });
    // The cmn_t of sphinxbase/cmn.h.
    const means = struct({ mean: 'void *', variance: 'void *', sum: 'void *', frames: 'int32_t', length: 'int32_t' });
    const meansOf = (decoder: Pointer) => {
      const { cepsize, cmn_struct } = decode(featureOf(decoder), feature) as { cepsize: number; cmn_struct: Pointer };
      return { cepsize, pointer: cmn_struct };
    };
    const framesOf = sphinx.func('void ps_seg_frames(void *, _Out_ int *, void *)');
    return {
      segmentFirstFrame: (segment) => {
        const first = [0];
        framesOf(segment, first, null);
        return first[0] ?? 0;
      },
      setCepstralMean: (decoder, mean) => {
        const { cepsize, pointer } = meansOf(decoder);
        if (cepsize === mean.length && pointer) setLiveMean(pointer, mean);
      },
      cepstralSum: (decoder) => {
        const { cepsize, pointer } = meansOf(decoder);
        if (!pointer) return { sum: [], frames: 0 };
        const { sum, frames } = decode(pointer, means) as { sum: Pointer; frames: number };
        return { sum: decode(sum, 'float', cepsize) as number[], frames };
      },
      configure: (values) => {
        const pairs = Object.entries(values).flat();
        return configure(null, knownArguments, 1, ...pairs.flatMap((text) => ['str', text]), 'str', null);
      },
      freeConfig: base.func('int cmd_ln_free_r(void *)'),
      init: sphinx.func('void *ps_init(void *)'),
      free: sphinx.func('int ps_free(void *)'),
      setKeyphraseFile: sphinx.func('int ps_set_kws(void *, const char *, const char *)'),
      setSearch: sphinx.func('int ps_set_search(void *, const char *)'),
      startStream: sphinx.func('int ps_start_stream(void *)'),
      startUtterance: sphinx.func('int ps_start_utt(void *)'),
      endUtterance: sphinx.func('int ps_end_utt(void *)'),
      processRaw: sphinx.func('int ps_process_raw(void *, const int16_t *, size_t, int, int)'),
      hypothesis: sphinx.func('const char *ps_get_hyp(void *, void *)'),
      isInSpeech: sphinx.func('uint8_t ps_get_in_speech(void *)'),
      // Older builds of the same soname take a second, nullable argument here.
      firstSegment: sphinx.func('void *ps_seg_iter(void *, void *)'),
      nextSegment: sphinx.func('void *ps_seg_next(void *)'),
      segmentWord: sphinx.func('const char *ps_seg_word(void *)'),
      segmentProbability: sphinx.func('int ps_seg_prob(void *, void *, void *, void *)'),
    };
  } catch (error) {
    throw new EngineMissingError(
      `the hotword engine pocketsphinx cannot be loaded from ${names.pocketsphinx} and ${names.sphinxbase} ` +
        `(${messageOf(error)}); ` +
        'install the packages libpocketsphinx3 and pocketsphinx-en-us, or choose another hotword.engine',
      { cause: error },
    );
  }
}

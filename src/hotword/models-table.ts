/** A model of an openWakeWord release. */
export interface KnownModel {
  /** Its name in the release and here. */
  file: string;
  /** The phrase it hears; none for the two models that all phrases share. */
  phrase?: string;
  sizeBytes: number;
  /** In hexadecimal. */
  sha256: string;
  /** What it is for, for a person. */
  purpose: string;
}

/** Where the release of `KNOWN_MODELS` is. */
export const RELEASE_URL = 'https://github.com/dscripka/openWakeWord/releases/download/v0.5.1';

/** The licence that openWakeWord's README gives all models of its releases, and what it means to a user. */
export const RELEASE_LICENCE = 'CC BY-NC-SA 4.0';
export const RELEASE_LICENCE_TERMS =
  'Creative Commons Attribution-NonCommercial-ShareAlike 4.0 (https://creativecommons.org/licenses/by-nc-sa/4.0/): ' +
  'name its author, share it only under the same licence, no commercial use.';

/**
 * The models of openWakeWord's release v0.5.1 that this program can use. Sizes and hashes are those that several public
 * projects pin for these addresses; of melspectrogram.onnx and alexa_v0.1.onnx also measured here. The release's
 * "timer" is absent because it tells several phrases apart, which no phrase of ours can name, "weather" because its
 * size is not known.
 */
export const KNOWN_MODELS: readonly KnownModel[] = [
  {
    file: 'melspectrogram.onnx',
    sizeBytes: 1_087_958,
    sha256: 'ba2b0e0f8b7b875369a2c89cb13360ff53bac436f2895cced9f479fa65eb176f',
    purpose: 'sound to frequencies; every phrase needs it',
  },
  {
    file: 'embedding_model.onnx',
    sizeBytes: 1_326_578,
    sha256: '70d164290c1d095d1d4ee149bc5e00543250a7316b59f31d056cff7bd3075c1f',
    purpose: "frequencies to features, after Google's speech_embedding (Apache-2.0); every phrase needs it",
  },
  {
    file: 'alexa_v0.1.onnx',
    phrase: 'alexa',
    sizeBytes: 854_246,
    sha256: '6ff566a01d12670e8d9e3c59da32651db1575d17272a601b7f8a39283dfbae3e',
    purpose: 'hears "alexa"',
  },
  {
    file: 'hey_jarvis_v0.1.onnx',
    phrase: 'hey jarvis',
    sizeBytes: 1_271_370,
    sha256: '94a13cfe60075b132f6a472e7e462e8123ee70861bc3fb58434a73712ee0d2cb',
    purpose: 'hears "hey jarvis"',
  },
  {
    file: 'hey_mycroft_v0.1.onnx',
    phrase: 'hey mycroft',
    sizeBytes: 857_691,
    sha256: 'c2a311e8fa1338de89c31b3b46dc4dffd4af2f9a8d6ddead48893c2d301b1f18',
    purpose: 'hears "hey mycroft"',
  },
  {
    file: 'hey_rhasspy_v0.1.onnx',
    phrase: 'hey rhasspy',
    sizeBytes: 204_081,
    sha256: '5a9b3ed3be2910e35780e097905aa9f35a9c10038df47914cf2b3ec4d670f6ea',
    purpose: 'hears "hey rhasspy"',
  },
];

/** The known model with this file name. */
export function knownModel(file: string): KnownModel | undefined {
  return KNOWN_MODELS.find((model) => model.file === file);
}

import { type FileHandle, open, writeFile } from 'node:fs/promises';
import { AudioError, messageOf } from '../errors.js';
import { bytesOf, frameBytes, type PcmFormat } from './format.js';

const HEADER_BYTES = 44;
/** A size that readers take for "to the end of the file"; also the largest that fits. */
const UNKNOWN_SIZE = 0xffff_ffff;

/** The 44 bytes in front of `dataBytes` bytes of PCM; without a number, of a stream whose end is not known. */
function wavHeader(format: PcmFormat, dataBytes?: number): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  const dataSize = dataBytes === undefined ? UNKNOWN_SIZE : Math.min(dataBytes, UNKNOWN_SIZE);
  header.write('RIFF', 0, 'latin1');
  header.writeUInt32LE(Math.min(dataSize + HEADER_BYTES - 8, UNKNOWN_SIZE), 4);
  header.write('WAVEfmt ', 8, 'latin1');
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20);
  header.writeUInt16LE(format.channels, 22);
  header.writeUInt32LE(format.rateHz, 24);
  header.writeUInt32LE(format.rateHz * frameBytes(format), 28);
  header.writeUInt16LE(frameBytes(format), 32);
  header.writeUInt16LE(format.bits, 34);
  header.write('data', 36, 'latin1');
  header.writeUInt32LE(dataSize, 40);
  return header;
}

/**
 * Writes mono 16-bit samples as a WAV file; `mode` is that of a new file, before the umask. Throws AudioError when the
 * file cannot be written.
 */
export async function writeWav(path: string, samples: Int16Array, rateHz: number, mode = 0o666): Promise<void> {
  const header = wavHeader({ rateHz, bits: 16, channels: 1 }, samples.byteLength);
  await writeFile(path, Buffer.concat([header, bytesOf(samples)]), { mode }).catch((error: unknown) => {
    throw unwritable(path, error);
  });
}

/** A WAV file that grows. Readable at any time, also when the process is killed before `close`. */
export class WavWriter {
  readonly #path: string;
  readonly #format: PcmFormat;
  readonly #file: FileHandle;
  #dataBytes = 0;
  #pending: Promise<void> = Promise.resolve();
  #closed: Promise<void> | undefined;

  private constructor(path: string, format: PcmFormat, file: FileHandle) {
    this.#path = path;
    this.#format = format;
    this.#file = file;
  }

  /** Makes or empties the file. Throws AudioError when that is not possible. */
  static async open(path: string, format: PcmFormat): Promise<WavWriter> {
    try {
      const file = await open(path, 'w');
      await file.write(wavHeader(format), 0, HEADER_BYTES, 0);
      return new WavWriter(path, format, file);
    } catch (error) {
      throw unwritable(path, error);
    }
  }

  /** Bytes of PCM given to `write` so far. */
  get dataBytes(): number {
    return this.#dataBytes;
  }

  /**
   * Appends bytes, in the order of the calls; they must not change until it resolves.
   * Rejects with AudioError when the disk does not take them, or after `close`.
   */
  write(pcm: Uint8Array): Promise<void> {
    if (this.#closed !== undefined) return Promise.reject(new AudioError(`${this.#path} is closed already`));
    const at = HEADER_BYTES + this.#dataBytes;
    this.#dataBytes += pcm.byteLength;
    const written = this.#pending.then(async () => {
      await this.#writeAt(pcm, at);
    });
    this.#pending = written.catch(() => undefined);
    return written;
  }

  /** Fills in the sizes and closes the file. May be called twice. Throws AudioError when the disk does not take them. */
  close(): Promise<void> {
    this.#closed ??= this.#finish();
    return this.#closed;
  }

  async #finish(): Promise<void> {
    await this.#pending;
    try {
      await this.#writeAt(wavHeader(this.#format, this.#dataBytes), 0);
    } finally {
      await this.#file.close();
    }
  }

  async #writeAt(bytes: Uint8Array, at: number): Promise<void> {
    try {
      for (let done = 0; done < bytes.byteLength; ) {
        const { bytesWritten } = await this.#file.write(bytes, done, bytes.byteLength - done, at + done);
        done += bytesWritten;
      }
    } catch (error) {
      throw unwritable(this.#path, error);
    }
  }
}

function unwritable(path: string, error: unknown): AudioError {
  return new AudioError(`${path} cannot be written: ${messageOf(error)}; choose another place or free some space`, {
    cause: error,
  });
}

/** A queue of PCM bytes that gives out whole frames, whatever blocks they came in. */
export class PcmQueue {
  readonly #frameBytes: number;
  #blocks: Uint8Array[] = [];
  #bytes = 0;

  /** `frameBytes` is the size of one frame. */
  constructor(frameBytes: number) {
    this.#frameBytes = frameBytes;
  }

  /** Bytes of whole frames that wait; a part of a frame waits for its rest and is not counted. */
  get bytes(): number {
    return this.#bytes - (this.#bytes % this.#frameBytes);
  }

  /** Appends a block, which must not be changed afterwards. */
  push(block: Uint8Array): void {
    if (block.length === 0) return;
    this.#blocks.push(block);
    this.#bytes += block.length;
  }

  /** Appends silence. */
  pushSilence(bytes: number): void {
    this.push(new Uint8Array(bytes));
  }

  /** Forgets the part of a frame whose rest will not come. */
  dropPart(): void {
    let part = this.#bytes % this.#frameBytes;
    this.#bytes -= part;
    while (part > 0) {
      const last = this.#blocks.pop();
      if (!last) break;
      if (last.length > part) this.#blocks.push(last.subarray(0, last.length - part));
      part -= Math.min(part, last.length);
    }
  }

  /** Takes whole frames from the front: at most `limit` bytes, fewer when fewer wait. The block belongs to the caller. */
  take(limit: number): Uint8Array {
    const wanted = Math.min(limit - (limit % this.#frameBytes), this.bytes);
    const out = new Uint8Array(wanted);
    let filled = 0;
    let used = 0; // whole blocks taken
    while (filled < wanted) {
      const block = this.#blocks[used];
      if (!block) break;
      const part = block.subarray(0, wanted - filled);
      out.set(part, filled);
      filled += part.length;
      if (part.length < block.length) this.#blocks[used] = block.subarray(part.length);
      else used += 1;
    }
    this.#blocks.splice(0, used);
    this.#bytes -= filled;
    return out;
  }
}

/** Sound made or fetched by the device itself: mono, 16 bit. */
export interface Sound {
  /** Samples a second, in hertz. */
  rateHz: number;
  samples: Int16Array;
}

/** Something that says texts. */
export interface Voice {
  /** As in `speech.engine`. */
  readonly name: string;
  /** The sound of a text. Throws AudioError naming the program and the remedy, and when the signal aborts. */
  say(text: string, signal: AbortSignal): Promise<Sound>;
}

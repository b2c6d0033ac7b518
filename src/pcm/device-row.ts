/** A device as a backend sees it. */
export interface DeviceRow {
  /** What to write into `mic.device` or `speaker.device`. */
  name: string;
  /** The rates it can be opened at, for a person. */
  rates: string;
  /** Who has it open, where the system tells; empty otherwise. */
  inUseBy: string;
  /** For a person: what it is. */
  detail: string;
  /** The one taken when the configuration names none. */
  isDefault: boolean;
}

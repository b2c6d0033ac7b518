/** How grave a finding is: `failure` stops `run` from working unless it `isOvercome`, `warning` does not. */
export type Gravity = 'ok' | 'warning' | 'failure';

/** One line of the doctor's report. */
export interface Finding {
  gravity: Gravity;
  /** What was looked at, in a word or two: `microphone`, `server`. */
  subject: string;
  /** What was found, for a person. */
  text: string;
  /** What to do about it: a command to type, or a setting to change. */
  remedy?: string;
  /** Of a failure: something else does its work, and the device runs. */
  isOvercome?: true;
}

/** One thing that the doctor looks at. */
export interface Check {
  /** As the `subject` of its findings, for the case that it does not end. */
  subject: string;
  /** @default 20000 milliseconds */
  limitMs?: number;
  /** Looks. May throw what the program throws: a ClientError becomes a failure with its message. */
  run: (signal: AbortSignal) => Promise<Finding[]>;
}

/** A finding that all is well. */
export function ok(subject: string, text: string): Finding {
  return { gravity: 'ok', subject, text };
}

/** A finding that does not stop the device. */
export function warning(subject: string, text: string, remedy?: string): Finding {
  return { gravity: 'warning', subject, text, ...(remedy === undefined ? {} : { remedy }) };
}

/** Cause and remedy of a message of this program, which names the remedy last, behind a semicolon. */
export function parted(message: string): [cause: string, remedy: string | undefined] {
  const [cause = '', remedy] = message.split(/; (?!.*; )/s);
  return [cause, remedy];
}

/** A finding that stops the device, or a conversation. */
export function failure(subject: string, text: string, remedy?: string): Finding {
  return { gravity: 'failure', subject, text, ...(remedy === undefined ? {} : { remedy }) };
}

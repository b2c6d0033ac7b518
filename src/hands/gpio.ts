import { getSystemErrorName } from 'node:util';
import { ClientError, type ClientErrorOptions } from '../errors.js';

/** A line, a chip or the library that cannot be used: a device works without them, and tries again. */
export class GpioError extends ClientError {
  constructor(message: string, options?: ClientErrorOptions) {
    super('GPIO', message, { retryable: true, ...options });
  }
}

/** A change of a line's level. */
export interface LineEdge {
  /** By the line's own sense: low where it is active low. */
  isActive: boolean;
  /** Of the kernel: CLOCK_MONOTONIC, as process.hrtime.bigint() (CLOCK_REALTIME before Linux 5.7). */
  atNs: bigint;
}

/** A line that is watched. */
export interface InputLine {
  /**
   * The edges since the last call, the oldest first; never waits. Throws GpioError when the line is gone. The kernel keeps 16
   * of a line, and then drops the latest (libgpiod 1) or the oldest (libgpiod 2).
   */
  edges(): LineEdge[];
  /** The level that it has at this moment, by the line's own sense. Throws GpioError when the line is gone. */
  isActive(): boolean;
  close(): void;
}

/** A line that is driven. */
export interface OutputLine {
  /** Throws GpioError when the line is gone. */
  set(isActive: boolean): void;
  close(): void;
}

/** A chip of the kernel's character device. Every method but `close` throws GpioError. */
export interface GpioChip {
  /** As the kernel has it, such as `pinctrl-bcm2711`. */
  readonly label: string;
  /** The number of the line with this name, undefined where there is none. */
  offsetOf(name: string): number | undefined;
  /** Both edges, pulled to the level at which it is not active. */
  input(offset: number, isActiveLow: boolean): InputLine;
  /** Not active at first. */
  output(offset: number, isActiveLow: boolean): OutputLine;
  close(): void;
}

/** A release of libgpiod. */
export interface GpioLibrary {
  /** Throws GpioError. */
  open(path: string): GpioChip;
}

/** Shown by gpioinfo to whoever wonders who holds a line. */
export const CONSUMER = 'tars-client';

const REMEDIES: Readonly<Record<string, string>> = {
  EACCES: 'add the user to the group gpio (a service: SupplementaryGroups=gpio)',
  EPERM: 'a service needs DeviceAllow=char-gpiochip rw (see systemd/README.md)',
  EBUSY: 'another program or a driver has the line; gpioinfo tells which',
  ENOENT: 'ls /dev/gpiochip* shows the chips; set gpio.chip',
  EINVAL: 'gpioinfo lists the lines of each chip',
  ENOTTY: 'this is not a GPIO chip; ls /dev/gpiochip* shows them',
  ENODEV: 'this is not a GPIO chip, or it is gone; ls /dev/gpiochip* shows them',
};

/** The error for something that failed with an error number by its name, as `EBUSY`. */
export function gpioFault(what: string, errorName: string): GpioError {
  const remedy = REMEDIES[errorName];
  return new GpioError(`${what}: ${errorName}${remedy === undefined ? '' : `: ${remedy}`}`);
}

/** Checks what a library's functions give back; `what` names the line or chip in the error. */
export interface Check {
  /** A number that is not below zero. Throws GpioError. */
  number(result: unknown, what: string): number;
  /** A pointer that is not null. Throws GpioError. */
  pointer(result: unknown, what: string): unknown;
}

/** The check for a library that says with `errno` why something failed. */
export function checkBy(errno: () => number): Check {
  const fault = (what: string) => gpioFault(what, getSystemErrorName(-errno()));
  return {
    number: (result, what) => {
      const number = Number(result);
      if (number < 0) throw fault(what);
      return number;
    },
    pointer: (result, what) => {
      if (result === null) throw fault(what);
      return result;
    },
  };
}

/** How a library hands over the edges of a line. Each may throw GpioError. */
export interface EdgeSource {
  /** More than zero where edges wait. Never blocks. */
  wait: () => number;
  /** Takes some of them; how many. */
  read: () => number;
  /** One of those taken last. */
  at: (index: number) => LineEdge;
}

/** All edges that wait, oldest first. Throws GpioError. */
export function waitingEdges({ wait, read, at }: EdgeSource): LineEdge[] {
  const found: LineEdge[] = [];
  while (wait() > 0) {
    const count = read();
    for (let index = 0; index < count; index++) found.push(at(index));
  }
  return found;
}

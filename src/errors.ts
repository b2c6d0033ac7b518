/** Options every error of this program takes: what caused it, and whether trying again can help. */
export interface ClientErrorOptions {
  cause?: unknown;
  /** True when the same thing may work later without anyone changing anything. @default false */
  retryable?: boolean;
}

/**
 * The base of all errors a user can meet. The message names the thing, the value and the remedy, and is shown
 * without a stack trace.
 */
export class ClientError extends Error {
  readonly code: string;
  readonly retryable: boolean;

  constructor(code: string, message: string, options: ClientErrorOptions = {}) {
    super(message, { cause: options.cause });
    this.name = new.target.name;
    this.code = code;
    this.retryable = options.retryable ?? false;
  }
}

/** Wrong command line: unknown command, unknown flag, missing argument. Exit code 64. */
export class UsageError extends ClientError {
  constructor(message: string, options?: ClientErrorOptions) {
    super('USAGE', message, options);
  }
}

/** Wrong configuration: names source, key, value and what is allowed. Exit code 78. */
export class ConfigError extends ClientError {
  constructor(message: string, options?: ClientErrorOptions) {
    super('CONFIG', message, options);
  }
}

/** A microphone, a speaker or a sound file that cannot be used as asked. */
export class AudioError extends ClientError {
  constructor(message: string, options?: ClientErrorOptions) {
    super('AUDIO', message, options);
  }
}

/** A hotword engine that cannot start or cannot go on. */
export class HotwordError extends ClientError {
  constructor(message: string, options?: ClientErrorOptions) {
    super('HOTWORD', message, options);
  }
}

/** A hotword engine that the configuration asks for what it cannot do, until a person mends that. Exit code 78. */
export class HotwordConfigError extends HotwordError {}

/** A hotword engine whose library or packaged model is not on this machine; the configuration may well be right. */
export class EngineMissingError extends HotwordError {}

/** The server cannot be reached, refuses this device, or went away. */
export class ConnectionError extends ClientError {
  constructor(message: string, options?: ClientErrorOptions) {
    super('CONNECTION', message, options);
  }
}

/** The status page cannot be served, or what is asked of it cannot be done; the device goes on without. */
export class PageError extends ClientError {
  constructor(message: string, options?: ClientErrorOptions) {
    super('PAGE', message, options);
  }
}

/** The exit code of a program that ends for this reason: 64 wrong usage, 78 bad configuration (sysexits.h), 1 otherwise. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof UsageError) return 64;
  return error instanceof ConfigError || error instanceof HotwordConfigError ? 78 : 1;
}

/** The text of anything thrown, for a log field or a sentence. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

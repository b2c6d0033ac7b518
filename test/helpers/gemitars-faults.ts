import type { Config } from '../../src/config.js';
import { LINK_FAULTS } from './gemitars-faults-link.js';
import { PITFALLS } from './gemitars-faults-pitfalls.js';
import { SINS } from './gemitars-faults-sins.js';
import type { Welcome } from './gemitars-server.js';

/** What a fault needs of the server that commits it; `GemitarsServer` is one. */
export interface FaultyServer {
  welcome: Welcome;
  send(message: string | Uint8Array): Promise<boolean>;
  close(code: number, reason: string): void;
  terminate(): void;
  freeze(): void;
  thaw(): void;
  crash(): Promise<void>;
  start(): Promise<void>;
}

/** The parts of the device's configuration that bound how long it may be away from listening. */
export type FaultConfig = Pick<Config, 'session' | 'link' | 'speaker'>;

/** What a fault is carried out with. */
interface FaultTools {
  server: FaultyServer;
  config: FaultConfig;
  /** Resolves after so many milliseconds of the device's clock. */
  pause(ms: number): Promise<void>;
}

/** A way in which a server goes wrong. */
export interface Fault {
  /** For a person: what the server does. */
  readonly what: string;
  /**
   * Does it, from any state of the conversation. When it resolves, the server is as it was, except that it has no
   * conversation: a normal one must work at once.
   */
  run(tools: FaultTools): Promise<void>;
  /**
   * So long after the beginning of `run` the device is listening again at the latest, in milliseconds of its clock,
   * where nobody speaks meanwhile and the server does nothing else. `waitingMs`: sound of an earlier reply that the
   * device had still to play. A device that has first to connect may take `session.connect_grace_ms` more.
   */
  limitMs(config: FaultConfig, waitingMs: number): number;
}

/** Every fault by its name: the pitfalls of the real server, the sins any server can commit, and lost connections. */
export const FAULTS: Readonly<Record<string, Fault>> = { ...PITFALLS, ...SINS, ...LINK_FAULTS };

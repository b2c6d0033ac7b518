import { augmentos } from './augmentos.js';
import { gemitars } from './gemitars.js';
import type { Protocol } from './protocol.js';

/** The protocols by the name in `server.protocol`. A new one is one file and one row. */
export const PROTOCOLS: Readonly<Record<string, Protocol>> = { gemitars, augmentos };

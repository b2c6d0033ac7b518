import { messageOf } from './errors.js';

/** Why a port cannot be listened on, with the remedy, for the error of a server's `listen`. */
export function listenRefusal(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  switch (code) {
    case 'EADDRINUSE':
      return 'another program listens there already; end it or choose another port';
    case 'EACCES':
      return 'this user may not; choose a port from 1024 on';
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return 'this machine has no such address; choose 127.0.0.1, 0.0.0.0 or one of its own';
    default:
      return messageOf(error);
  }
}

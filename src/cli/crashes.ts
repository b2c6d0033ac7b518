/** Hands every exception and every rejection that nothing has caught to `onCrash`, until the process ends. */
export function watchCrashes(onCrash: (error: unknown) => void): void {
  process.on('uncaughtException', onCrash);
  process.on('unhandledRejection', onCrash);
}

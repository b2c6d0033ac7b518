/** The folder that the service manager keeps for this program (systemd's `StateDirectory=`), if it runs as a service. */
export function stateFolder(env: NodeJS.ProcessEnv): string | undefined {
  return env.STATE_DIRECTORY?.split(':')[0] || undefined;
}

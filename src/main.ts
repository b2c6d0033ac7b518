#!/usr/bin/env node
import { parseArguments } from './cli/arguments.js';
import { helpText } from './cli/commands.js';
import type { Flags } from './config/sources.js';
import { type Config, loadConfig } from './config.js';
import { ClientError, exitCodeOf, UsageError } from './errors.js';
import { PROGRAM_VERSION } from './version.js';

// Each command loads its own code: the device listens sooner, and for years without what only others need.

/** Runs the command of a command line until it is done or the signal aborts; resolves with the exit code. */
async function runProgram(argv: readonly string[], signal: AbortSignal): Promise<number> {
  const { command, flags, configFile, options, positionals, help, version } = parseArguments(argv);
  if (help) return print(helpText());
  if (version) return print(`${PROGRAM_VERSION}\n`);
  const load = () => loadConfig({ flags, env: process.env, configFile });
  if (command === 'doctor') {
    const { doctorCommand } = await import('./cli/doctor.js');
    return doctorCommand({ load, isJson: options.has('json'), out: process.stdout, signal });
  }
  const loaded = load();
  switch (command) {
    case 'run': {
      const { runCommand } = await import('./cli/run.js');
      return runCommand({ config: loaded.config, reload: () => load().config, signal });
    }
    case 'devices': {
      const { devicesCommand } = await import('./cli/devices.js');
      return devicesCommand(loaded.config, process.stdout);
    }
    case 'config': {
      const { configCommand } = await import('./cli/config.js');
      configCommand(loaded, process.stdout);
      return 0;
    }
    case 'hotword':
      return hotword(positionals, loaded.config, options, signal);
    case 'models':
      return models(positionals, loaded.config, options, signal);
    case 'assistant': {
      const { assistantCommand } = await import('./cli/assistant.js');
      return assistantCommand({ config: loaded.config, options, signal });
    }
  }
}

async function models(positionals: readonly string[], { hotword }: Config, options: Flags, signal: AbortSignal) {
  const { modelsCommand } = await import('./cli/models.js');
  const { terminalAsk } = await import('./cli/ask.js');
  const { modelsFolder } = await import('./hotword/models-folder.js');
  const folder = modelsFolder(hotword.openwakeword.front_end_dir);
  const ask = terminalAsk(signal);
  return modelsCommand({ hotword, folder, positionals, options, out: process.stdout, ask, signal });
}

async function hotword(positionals: readonly string[], config: Config, options: Flags, signal: AbortSignal) {
  const { createLog } = await import('./log.js');
  const log = createLog({ ...config.log, to: 'stderr' });
  const [out, errors] = [process.stdout, process.stderr];
  if (options.has('tune')) {
    const { tuneHotword } = await import('./cli/tune-setup.js');
    return tuneHotword({ config, positionals, options, log, out, errors, signal });
  }
  if (options.size > 0) throw new UsageError('--false-alarms-per-hour belongs to hotword --tune');
  const { engineSource } = await import('./parts.js');
  const { hotwordCommand } = await import('./cli/hotword.js');
  const engine = await engineSource(config, log).make();
  try {
    return await hotwordCommand(positionals, engine, out, { refractoryMs: config.hotword.refractory_ms, signal });
  } finally {
    engine.close();
  }
}

function print(text: string): number {
  process.stdout.write(text);
  return 0;
}

/** What a person can mend is said in a sentence; what they cannot comes with its stack, for a report. */
function report(error: unknown): number {
  console.error(error instanceof ClientError ? `tars-client: ${error.message}` : error);
  return exitCodeOf(error);
}

/** As a shell has it: 128, and the number of SIGINT. */
const EXIT_INTERRUPTED = 130;
const stop = new AbortController();
// Whoever read it has had enough, as in `tars-client doctor | head`. (The log of `run` has a stream of its own.)
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // A terminal that is gone; SIGHUP says the same.
  if (error.code === 'EIO') return stop.abort();
  if (error.code !== 'EPIPE') report(error);
  process.exit(1);
});
// A terminal that is closed sends SIGHUP; elsewhere it is a word to the device (see `run`).
if (process.stdin.isTTY === true) process.on('SIGHUP', () => stop.abort());
process.on('SIGTERM', () => stop.abort());
process.on('SIGINT', () => {
  // Who asks twice does not want to wait for what does not end.
  if (stop.signal.aborted) process.exit(EXIT_INTERRUPTED);
  stop.abort();
});
process.exit(await runProgram(process.argv.slice(2), stop.signal).catch(report));

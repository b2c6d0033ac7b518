import { join } from 'node:path';
import { App } from '../app.js';
import { BlackBox } from '../black-box/black-box.js';
import { systemClock } from '../clock.js';
import type { Config } from '../config.js';
import { exitCodeOf, messageOf } from '../errors.js';
import { Hooks } from '../hooks/hooks.js';
import { createLog, Journal } from '../log.js';
import { hookSettings, serverFiles } from '../parts.js';
import { pause } from '../pcm/supervisor.js';
import type { Display } from '../protocol/protocol.js';
import { ReloadableApp } from '../reloadable-app.js';
import { systemdNotifier } from '../service/notifier.js';
import { Service } from '../service/service.js';
import { dataFolder, stateFolder } from '../service/state-folder.js';
import { whenAborted } from '../when-aborted.js';
import { watchCrashes } from './crashes.js';
import { demonstrateWithoutMicrophone } from './demonstration.js';
import { watchKeys } from './keys.js';
import { RunPage } from './run-page.js';
import { LivingStatus, screenOf, styleOf } from './terminal.js';

/** Ignored by a process that does not know it, unlike SIGUSR1, which opens Node's debugger. */
const MUTE_SIGNAL = 'SIGURG';
const BLACK_BOX_SIGNAL = 'SIGUSR2';
/** What is broken may never close; the service manager waits for the end of the process. */
const CRASHED_CLOSE_LIMIT_MS = 5_000;

/** Options of `runCommand`. */
export interface RunOptions {
  config: Config;
  /** Reads the configuration again. Throws ConfigError. */
  reload: () => Config;
  signal: AbortSignal;
}

/**
 * Runs the device until the signal aborts; resolves with the exit code. SIGHUP reads the configuration again and
 * dials at once, SIGURG mutes and unmutes,
 * SIGUSR2 writes the black box. An exception that nothing caught writes it too, closes everything and resolves with 1.
 * Throws ConfigError or HotwordError for what only a person can mend, after everything that had been started is closed.
 */
export async function runCommand({ config, reload, signal }: RunOptions): Promise<number> {
  const screen = screenOf(process.stdout, config.log, process.env);
  const print = screen && ((text: string) => screen.print(text));
  const log = createLog({ ...config.log, print });
  const journal = new Journal(log);
  const blackBox = new BlackBox({ journal, log, clock: systemClock, folder: stateFolder(process.env) });
  const hooks = new Hooks(hookSettings(config), { journal, env: process.env, clock: systemClock, log });
  hooks.start();
  const crash = new AbortController();
  const over = AbortSignal.any([signal, crash.signal]);
  const onCrash = (error: unknown) => {
    const stack = error instanceof Error ? (error.stack ?? '') : '';
    journal.record('client.crashed', { why: messageOf(error), stack });
    if (crash.signal.aborted) return;
    blackBox.write('crash');
    crash.abort();
  };
  watchCrashes(onCrash);
  const device = new ReloadableApp({
    config,
    make: (settings, heirlooms) => {
      hooks.configure(hookSettings(settings));
      return new App({
        config: settings,
        journal,
        log,
        clock: systemClock,
        random: Math.random,
        onDisplay: (display) => {
          if (process.stdout.isTTY) printDisplay(display, print);
          page.display(display);
        },
        ...(heirlooms && { heirlooms }),
      });
    },
    load: reload,
    linkFiles: serverFiles,
    journal,
    log,
  });
  let closing: Promise<void> | undefined;
  const close = () => {
    closing ??= device.close().catch(onCrash);
    return closing;
  };
  signal.addEventListener('abort', () => void close());
  let service: Service | undefined;
  const page = new RunPage({
    device: () => device.app,
    env: process.env,
    load: reload,
    journal,
    clock: systemClock,
    log,
  });
  const readAgain = () => {
    const work = () => device.reload().then(() => device.app.hurryLink());
    (service?.reloading(work) ?? work()).then(() => page.follow(device.config)).catch(onCrash);
  };
  const detectionsFolder = join(dataFolder(process.env), 'detections');
  const mute = () => device.app.toggleMute();
  // On a terminal SIGHUP says that the terminal is gone, and main.ts ends the program.
  if (process.stdin.isTTY !== true) process.on('SIGHUP', readAgain);
  process.on(MUTE_SIGNAL, mute);
  process.on(BLACK_BOX_SIGNAL, () => blackBox.write('asked for'));
  const save = () => void device.app.saveDetections(detectionsFolder).catch(onCrash);
  const stopKeys = watchKeys(() => device.app, save);
  const style = styleOf(process.env);
  const status = screen && new LivingStatus({ screen, style, device: () => device.app, journal, clock: systemClock });
  status?.start();
  const demonstration = demonstrateWithoutMicrophone({ config, journal, log, signal: over });
  const crashed = whenAborted(crash.signal);
  const notifier = await systemdNotifier({ env: process.env, pid: process.pid, log });
  const health = () => {
    const { chunkAgeMs, overdueState, isMuted } = device.app;
    return { chunkAgeMs, overdueState, isMuted };
  };
  service = notifier && new Service({ notifier, journal, health, clock: systemClock, log });
  service?.start();
  let code = 0;
  try {
    await page.follow(config);
    await Promise.race([device.start(), crashed]);
    await whenAborted(over);
    await Promise.race([demonstration, crashed]);
  } catch (error) {
    code = exitCodeOf(error);
    throw error;
  } finally {
    process.off('SIGHUP', readAgain);
    process.off(MUTE_SIGNAL, mute);
    stopKeys();
    status?.close();
    service?.close();
    const closed = Promise.all([close(), page.close()]);
    const crashedFor = crashed.then(() => pause(CRASHED_CLOSE_LIMIT_MS, new AbortController().signal, systemClock));
    await Promise.race([closed, crashedFor]);
    if (crash.signal.aborted) code = 1;
    journal.record('client.stopped', { code });
    await hooks.close();
    blackBox.close();
  }
  return code;
}

/** A stranger's words: nothing in them may command the terminal. */
function printDisplay({ text }: Display, print = (line: string): unknown => process.stdout.write(line)): void {
  if (text !== '') print(`${text.replace(/[^\P{C}\n]/gu, ' ')}\n`);
}

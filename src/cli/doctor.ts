import { systemClock } from '../clock.js';
import type { Config, LoadedConfig } from '../config.js';
import { echoCancelCheck } from '../doctor/echo-cancel.js';
import { engineCheck } from '../doctor/engine.js';
import { examine } from '../doctor/examine.js';
import { type Check, failure, ok } from '../doctor/finding.js';
import { gpioCheck } from '../doctor/gpio.js';
import { type MachineView, machineCheck, thisMachine, unitCheck } from '../doctor/machine.js';
import { nativeCheck } from '../doctor/natives.js';
import { pageCheck } from '../doctor/page.js';
import { isWell, jsonOf, lineOf, verdictOf } from '../doctor/report.js';
import { SERVER_LIMIT_MS, serverCheck } from '../doctor/server.js';
import { soundCheck } from '../doctor/sound.js';
import { thisUser, userCheck } from '../doctor/user.js';
import { ClientError, ConfigError } from '../errors.js';
import { loadLibgpiod } from '../hands/libgpiod.js';
import { wsOpener } from '../link/ws-socket.js';
import { createLog, type Log } from '../log.js';
import { engineSource, handsSettings, makeMicrophone, makeSpeaker, protocolOf, serverAccess } from '../parts.js';
import { listSources } from '../pcm/pulse-devices.js';
import { deviceNames } from './devices.js';

/** Options of `doctorCommand`. */
export interface DoctorOptions {
  /** Reads the configuration; what is wrong with it is the first finding. */
  load: () => LoadedConfig;
  isJson: boolean;
  out: NodeJS.WriteStream;
  signal: AbortSignal;
}

/**
 * The command `doctor`: checks everything that a person could get wrong, a line each, with the remedy. Resolves with 1 if
 * `run` would not work, else 0. Throws ClientError when the signal aborts before the end.
 */
export async function doctorCommand({ load, isJson, out, signal }: DoctorOptions): Promise<number> {
  const log = createLog({ level: 'silent', format: 'json' });
  const isColoured = out.isTTY === true && !process.env.NO_COLOR;
  const view = thisMachine();
  const checks = [
    machineCheck(view),
    nativeCheck(view),
    userCheck(await thisUser(view)),
    ...configured(load, log, view),
  ];
  const findings = await examine(checks, (finding) => !isJson && out.write(lineOf(finding, isColoured)), signal);
  if (signal.aborted) throw new ClientError('STOPPED', 'the doctor was stopped before its end');
  out.write(isJson ? jsonOf(findings) : verdictOf(findings));
  return isWell(findings) ? 0 : 1;
}

/** What depends on the configuration; without one there is nothing more to look at. */
function configured(load: () => LoadedConfig, log: Log, view: MachineView): Check[] {
  try {
    const { config, files } = load();
    return [
      { subject: 'configuration', run: async () => [ok('configuration', files.slice(1).join(', ') || 'the defaults')] },
      soundCheckOf(config, log),
      echoCancelCheck(config, () => listSources(log)),
      engineCheck({
        make: (engineLog) => engineSource(config, engineLog).make(),
        wanted: config.hotword.engine,
        keyFile: config.hotword.porcupine.access_key_file,
        hasButton: config.gpio.button !== '',
      }),
      serverCheckOf(config),
      pageCheck(config.page),
      gpioCheck(handsSettings(config), loadLibgpiod),
      unitCheck(view),
    ];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const { message } = error;
    return [
      { subject: 'configuration', run: async () => [failure('configuration', message, 'mend the line it names')] },
    ];
  }
}

function soundCheckOf(config: Config, log: Log): Check {
  const microphone = makeMicrophone(config, systemClock, log);
  const backends = { microphone: config.mic.backend, loudspeaker: config.speaker.backend };
  return soundCheck({
    microphone,
    speaker: makeSpeaker(config, systemClock, log),
    namesOf: (subject) => deviceNames(subject, backends[subject]),
  });
}

function serverCheckOf(config: Config): Check {
  if (config.server.url === '') {
    return { subject: 'server', run: async () => [ok('server', 'none is configured: the embedded assistant answers')] };
  }
  return {
    subject: 'server',
    limitMs: SERVER_LIMIT_MS,
    run: (signal) => {
      const { target, ...access } = serverAccess(config, config.server.url);
      return serverCheck({
        target: target(),
        openSocket: wsOpener({ ...access, clock: systemClock }),
        tokenFile: config.server.token_file,
        codec: protocolOf(config).connect(() => new Date()),
      }).run(signal);
    },
  };
}

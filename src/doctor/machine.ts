import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { freemem, totalmem } from 'node:os';
import { promisify } from 'node:util';
import { type Check, type Finding, failure, ok, warning } from './finding.js';

const run = promisify(execFile);
const MIB = 1024 * 1024;
/** The device, its children and an engine need about half of it. */
const FREE_WANTED_BYTES = 150 * MIB;
const HOT_C = 80;
/** No build of this program is older: a clock before it has not been set. */
const NEWER_THAN = Date.UTC(2026, 0, 1);

/** Where the checks of the machine look; a test brings its own. */
export interface MachineView {
  nodeVersion: string;
  arch: string;
  platform: string;
  nowMs: number;
  freeBytes: number;
  totalBytes: number;
  /** Runs a program and gives its output; rejects where it is not there or fails. */
  output: (program: string, args: readonly string[]) => Promise<string>;
  /** Reads a file; rejects where it is not there. */
  read: (path: string) => Promise<string>;
}

/** This machine. */
export const thisMachine: () => MachineView = () => ({
  nodeVersion: process.versions.node,
  arch: process.arch,
  platform: process.platform,
  nowMs: Date.now(),
  freeBytes: freemem(),
  totalBytes: totalmem(),
  output: async (program, args) => (await run(program, [...args], { timeout: 5_000 })).stdout,
  read: (path) => readFile(path, 'utf8'),
});

/** Node, architecture, clock, memory, temperature and power. */
export function machineCheck(view: MachineView): Check {
  return {
    subject: 'machine',
    run: async () => [
      nodeFinding(view),
      ...clockFindings(view),
      memoryFinding(view),
      ...(await temperatureFindings(view)),
      ...(await powerFindings(view)),
    ],
  };
}

function nodeFinding({ nodeVersion, arch, platform }: MachineView): Finding {
  const text = `${nodeVersion}, ${platform} ${arch}`;
  if (Number.parseInt(nodeVersion, 10) < 20)
    return failure('node', text, 'install Node.js 20 or newer: apt-get install nodejs');
  if (platform !== 'linux' || (arch !== 'x64' && arch !== 'arm64')) {
    return warning('node', `${text}: made for Linux on x86-64 and 64-bit Arm`, 'use a 64-bit system');
  }
  return ok('node', text);
}

function clockFindings({ nowMs }: MachineView): Finding[] {
  const shown = new Date(nowMs).toISOString().slice(0, 16).replace('T', ' ');
  if (nowMs >= NEWER_THAN) return [ok('clock', `${shown} UTC`)];
  return [
    failure('clock', `${shown} UTC is in the past: no certificate is valid yet`, 'sudo timedatectl set-ntp true'),
  ];
}

function memoryFinding({ freeBytes, totalBytes }: MachineView): Finding {
  const text = `${Math.round(freeBytes / MIB)} MiB free of ${Math.round(totalBytes / MIB)}`;
  if (freeBytes >= FREE_WANTED_BYTES) return ok('memory', text);
  return warning(
    'memory',
    text,
    'stop what else runs (systemctl --type=service), or enable zram: apt-get install zram-tools',
  );
}

async function temperatureFindings({ read }: MachineView): Promise<Finding[]> {
  const text = await read('/sys/class/thermal/thermal_zone0/temp').catch(() => undefined);
  if (text === undefined) return [];
  const degrees = Number(text) / 1000;
  const shown = `${degrees.toFixed(0)} °C`;
  return [
    degrees < HOT_C
      ? ok('temperature', shown)
      : warning('temperature', `${shown}: the processor slows down`, 'give it air'),
  ];
}

/** The firmware of a Raspberry Pi tells of too weak a power supply: bit 0 now, bit 16 since the start. */
async function powerFindings({ output }: MachineView): Promise<Finding[]> {
  const text = await output('vcgencmd', ['get_throttled']).catch(() => undefined);
  const bits = Number(/throttled=(0x[0-9a-f]+)/i.exec(text ?? '')?.[1] ?? Number.NaN);
  if (Number.isNaN(bits)) return [];
  const remedy = 'use the power supply made for this Pi, and a short cable';
  if (bits & 1) return [warning('power', 'the voltage is too low now', remedy)];
  if (bits & 0x1_0000) return [warning('power', 'the voltage has been too low since the start', remedy)];
  return [ok('power', 'the voltage is well')];
}

/** The managers whose unit is looked at, with what is typed in front of a change and to read the log. */
const MANAGERS = [
  { flags: [], control: 'sudo systemctl', journal: 'journalctl' },
  { flags: ['--user'], control: 'systemctl --user', journal: 'journalctl --user' },
] as const;

/** The unit of the system and that of this user, where systemd runs. Whether `run` would work, the other checks tell. */
export function unitCheck({ output }: MachineView): Check {
  return {
    subject: 'service',
    run: async () => {
      const properties = '--property=LoadState,ActiveState,SubState,StatusText,NRestarts';
      const units = await Promise.all(
        MANAGERS.map(async (manager) => {
          const text = await output('systemctl', [...manager.flags, 'show', 'tars-client', properties]).catch(() => '');
          return { manager, value: (name: string) => new RegExp(`^${name}=(.*)$`, 'm').exec(text)?.[1] ?? '' };
        }),
      );
      const loaded = units.filter(({ value }) => value('LoadState') === 'loaded');
      // Of two units, one that was left alone says nothing about the one in use.
      const used = loaded.filter(({ value }) => value('ActiveState') !== 'inactive');
      return (used.length > 0 ? used : loaded.slice(0, 1)).map(unitFinding);
    },
  };
}

interface Unit {
  manager: (typeof MANAGERS)[number];
  value: (property: string) => string;
}

function unitFinding({ manager, value }: Unit): Finding {
  const restarts = Number(value('NRestarts'));
  const said = [
    manager.flags.length > 0 ? 'of this user' : '',
    value('ActiveState'),
    restarts > 0 ? `restarted ${restarts} times` : '',
    value('StatusText'),
  ]
    .filter(Boolean)
    .join(', ');
  // It gives up only for a wrong configuration, which may be mended by now.
  if (value('ActiveState') === 'failed') {
    const why = `${manager.journal} -u tars-client -n 50`;
    return warning('service', said, `${manager.control} restart tars-client   (${why} tells why it failed)`);
  }
  // Stopped is what it should be while the doctor looks: else it holds the microphone.
  if (value('SubState') === 'auto-restart') return warning('service', said, `${manager.journal} -u tars-client -n 50`);
  return ok('service', said);
}

import { messageOf } from '../errors.js';
import { type Check, type Finding, ok, warning } from './finding.js';
import type { MachineView } from './machine.js';

/** A part made of machine code that the program loads when it is wanted. */
interface NativePart {
  name: string;
  /** What happens without it. */
  without: string;
}

const PARTS: readonly NativePart[] = [
  { name: 'naudiodon', without: 'the microphone is read with arecord' },
  { name: 'speaker', without: 'sound is played with aplay' },
  { name: 'koffi', without: 'there is no PocketSphinx and no resampling' },
];

/** The loudspeaker package looks for a device as soon as it is loaded; that it finds none is told by another check. */
const NO_DEVICE = /cannot open device/;

/**
 * Whether the native packages load here, each in a process of its own: a native library may end the process that loads
 * it. Each has a stand-in, so none of them stops the device by itself.
 */
export function nativeCheck({ output }: MachineView, parts: readonly NativePart[] = PARTS): Check {
  return {
    subject: 'native parts',
    run: async () => {
      const findings: Finding[] = [];
      const loaded: string[] = [];
      for (const { name, without } of parts) {
        const why = await loading(name, output);
        if (why === undefined) loaded.push(name);
        else findings.push(warning('native parts', `${name} does not load (${why}): ${without}`, './setup.sh'));
      }
      return loaded.length > 0 ? [ok('native parts', `${loaded.join(', ')} load`), ...findings] : findings;
    },
  };
}

/** Loads a package in another process; why it does not load, or undefined. */
async function loading(name: string, output: MachineView['output']): Promise<string | undefined> {
  try {
    const url = import.meta.resolve(name);
    await output(process.execPath, ['--input-type=module', '--eval', `await import(${JSON.stringify(url)})`]);
    return undefined;
  } catch (error) {
    const message = messageOf(error);
    return NO_DEVICE.test(message) ? undefined : (/^.*Error.*$/m.exec(message)?.[0] ?? message).trim();
  }
}

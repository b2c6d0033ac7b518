import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type GpioChip, GpioError, type GpioLibrary, type InputLine, type OutputLine } from './gpio.js';

/** Which line: by number or by name, on a chip by name or path, or ("") on whichever chip it is meant to be. */
export interface LineAddress {
  chip: string;
  line: string;
}

/** A line that was found, and the chip that has to stay open with it. */
interface FoundLine {
  chip: GpioChip;
  offset: number;
  /** For a person, as `GPIO17, line 17 of /dev/gpiochip0`. */
  name: string;
}

/** Chips of the processor's own pins, on every Raspberry Pi: `pinctrl-bcm2835`, `pinctrl-bcm2711`, `pinctrl-rp1`. */
const HEADER_LABEL = /^pinctrl-/;
const DEVICES = '/dev';

/** Opens the line of a button. Throws GpioError. */
export function openInput(library: GpioLibrary, address: LineAddress, isActiveLow: boolean, folder = DEVICES) {
  return opened(findLine(library, address, folder), (chip, offset) => chip.input(offset, isActiveLow));
}

/** Opens the line of an LED. Throws GpioError. */
export function openOutput(library: GpioLibrary, address: LineAddress, isActiveLow: boolean, folder = DEVICES) {
  return opened(findLine(library, address, folder), (chip, offset) => chip.output(offset, isActiveLow));
}

function opened<T extends InputLine | OutputLine>(
  { chip, offset, name }: FoundLine,
  request: (chip: GpioChip, offset: number) => T,
): { line: T; name: string; close: () => void } {
  try {
    const line = request(chip, offset);
    const close = () => {
      line.close();
      chip.close();
    };
    return { line, name, close };
  } catch (error) {
    chip.close();
    throw error;
  }
}

function findLine(library: GpioLibrary, { chip: name, line }: LineAddress, folder: string): FoundLine {
  const isNumber = /^\d+$/.test(line);
  const refusals: unknown[] = [];
  const paths = chipPaths(name, folder);
  const chips = paths.flatMap((path) => {
    try {
      return [{ path, chip: library.open(path) }];
    } catch (error) {
      refusals.push(error);
      return [];
    }
  });
  const header = chips.find(({ chip }) => HEADER_LABEL.test(chip.label)) ?? chips[0];
  const candidates = isNumber && header ? [header] : chips;
  const found = candidates
    .map(({ chip, path }) => ({ chip, path, offset: isNumber ? Number(line) : chip.offsetOf(line) }))
    .find(({ offset }) => offset !== undefined);
  for (const { chip } of chips) if (chip !== found?.chip) chip.close();
  if (found?.offset !== undefined) {
    const { chip, path, offset } = found;
    return { chip, offset, name: isNumber ? `line ${line} of ${path}` : `${line}, line ${offset} of ${path}` };
  }
  if (chips.length === 0 && refusals.length > 0) throw refusals[0];
  if (chips.length === 0) throw new GpioError('there is no GPIO chip here: ls /dev/gpiochip* shows none');
  throw new GpioError(`no line is named "${line}" on ${chips.map(({ path }) => path).join(', ')}: gpioinfo lists them`);
}

function chipPaths(name: string, folder: string): string[] {
  if (name !== '') return [name.includes('/') ? name : join(folder, name)];
  return readdirSync(folder)
    .filter((each) => /^gpiochip\d+$/.test(each))
    .sort((a, b) => a.localeCompare(b, 'en', { numeric: true }))
    .map((each) => join(folder, each));
}

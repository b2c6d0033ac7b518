import { messageOf } from '../errors.js';
import { openInput, openOutput } from '../hands/find-line.js';
import type { GpioLibrary } from '../hands/gpio.js';
import type { HandsSettings } from '../hands/hands.js';
import { type Check, type Finding, ok, warning } from './finding.js';

const SUBJECT = 'gpio';

/** Opens the lines of button and LED as the device would; it works without them. `folder` is where the chips are. */
export function gpioCheck(settings: HandsSettings, load: () => Promise<GpioLibrary>, folder = '/dev'): Check {
  const { chip, button, led, isButtonActiveLow, isLedActiveLow } = settings;
  return {
    subject: SUBJECT,
    run: async () => {
      if (button === '' && led === '') return [ok(SUBJECT, 'no button and no LED are configured')];
      try {
        const library = await load();
        return [
          ...lineFinding('button', button, () => openInput(library, { chip, line: button }, isButtonActiveLow, folder)),
          ...lineFinding('LED', led, () => openOutput(library, { chip, line: led }, isLedActiveLow, folder)),
        ];
      } catch (error) {
        return [warning(SUBJECT, `neither button nor LED for now: ${messageOf(error)}`)];
      }
    },
  };
}

/** Of one line; none where there is none. */
function lineFinding(what: string, line: string, open: () => { name: string; close: () => void }): Finding[] {
  if (line === '') return [];
  try {
    const { name, close } = open();
    close();
    return [ok(SUBJECT, `the ${what} is ${name}`)];
  } catch (error) {
    return [warning(SUBJECT, `no ${what} for now: ${messageOf(error)}`)];
  }
}

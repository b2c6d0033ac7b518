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
        const findings: Finding[] = [];
        if (button !== '') {
          const { name, close } = openInput(library, { chip, line: button }, isButtonActiveLow, folder);
          close();
          findings.push(ok(SUBJECT, `the button is ${name}`));
        }
        if (led !== '') {
          const { name, close } = openOutput(library, { chip, line: led }, isLedActiveLow, folder);
          close();
          findings.push(ok(SUBJECT, `the LED is ${name}`));
        }
        return findings;
      } catch (error) {
        return [warning(SUBJECT, `no ${button === '' ? 'LED' : 'button'} for now: ${messageOf(error)}`)];
      }
    },
  };
}

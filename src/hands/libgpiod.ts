import { messageOf } from '../errors.js';
import { GpioError, type GpioLibrary } from './gpio.js';
import { loadLibgpiod1 } from './libgpiod1.js';
import { loadLibgpiod2 } from './libgpiod2.js';

/** The libgpiod of this machine, whichever of its two interfaces it has. Throws GpioError naming the packages. */
export async function loadLibgpiod(): Promise<GpioLibrary> {
  const refusals: string[] = [];
  for (const load of [loadLibgpiod2, loadLibgpiod1]) {
    try {
      return await load();
    } catch (error) {
      refusals.push(messageOf(error));
    }
  }
  throw new GpioError(`libgpiod does not load (${refusals.join('; ')}): sudo apt-get install gpiod, which brings it`);
}

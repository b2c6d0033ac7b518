import fc from 'fast-check';
import { FAULTS } from '../helpers/gemitars-faults.js';
import type { Weather } from './virtual-network.js';
import type { SpeakerMood } from './virtual-sound.js';
import type { VirtualReply, World } from './world.js';

/** Something that happens, and how long nothing else does after it. */
export interface Step {
  what:
    | { do: 'hotword' | 'key' | 'mute' | 'hurry' | 'end session' | 'cut' | 'engine fails' }
    | { do: 'speak' | 'zeros' | 'starve'; ms: number }
    | ({ do: 'reply' } & VirtualReply)
    | { do: 'fault'; name: string }
    | { do: 'weather'; weather: Weather }
    | { do: 'microphone' | 'loudspeaker'; isThere: boolean }
    | { do: 'loudspeaker is'; mood: SpeakerMood };
  thenMs: number;
}

/** A device and what happens to it. */
export interface Life {
  settings: Readonly<Record<string, string>>;
  steps: readonly Step[];
  /** The program is ended in the middle of it, and not after everything was in order again. */
  endsAbruptly: boolean;
}

const plain = fc.record({ do: fc.constantFrom('mute', 'hurry', 'end session', 'cut', 'engine fails') });
const spoken = fc.record({ do: fc.constantFrom('hotword', 'hotword', 'key') });
const heard = fc.record({
  do: fc.constantFrom('speak', 'speak', 'zeros', 'starve'),
  ms: fc.constantFrom(100, 700, 3_500, 9_000),
});
const reply = fc.record({
  do: fc.constant('reply' as const),
  soundMs: fc.constantFrom(0, 100, 800, 3_000, 12_000),
  speed: fc.constantFrom(0.5, 4, 1_000),
  isOvertaken: fc.boolean(),
});
const fault = fc.record({ do: fc.constant('fault' as const), name: fc.constantFrom(...Object.keys(FAULTS)) });
const weather = fc.record({
  do: fc.constant('weather' as const),
  weather: fc.constantFrom<Weather>('open', 'open', 'slow', 'refused', 'hole'),
});
const plugs = fc.record({ do: fc.constantFrom('microphone', 'loudspeaker'), isThere: fc.boolean() });
const mood = fc.record({
  do: fc.constant('loudspeaker is' as const),
  mood: fc.constantFrom<SpeakerMood>('fine', 'fine', 'failing', 'slow', 'stuck', 'full'),
});

const step: fc.Arbitrary<Step> = fc.record({
  what: fc.oneof(
    { weight: 10, arbitrary: spoken },
    { weight: 6, arbitrary: reply },
    { weight: 5, arbitrary: fault },
    { weight: 3, arbitrary: plain },
    { weight: 3, arbitrary: heard },
    { weight: 2, arbitrary: weather },
    { weight: 2, arbitrary: plugs },
    { weight: 2, arbitrary: mood },
  ),
  thenMs: fc.constantFrom(0, 3, 40, 200, 700, 2_000, 6_000),
});

const settings = fc.record({
  'session.barge_in': fc.constantFrom('hotword', 'speech', 'off'),
  'session.settle_ms': fc.constantFrom('300', '0'),
  'speaker.prebuffer_ms': fc.constantFrom('120', '0'),
  'speaker.lead_in_ms': fc.constantFrom('40', '0'),
  'speaker.keep_alive': fc.constantFrom('false', 'true'),
});

/** Devices and what may happen to them; the shortest that fails is what is shown. */
export const lives: fc.Arbitrary<Life> = fc.record({
  settings,
  steps: fc.array(step, { maxLength: 40, size: 'max' }),
  endsAbruptly: fc.constantFrom(false, false, false, true),
});

/** Lets a step happen. */
export function take(world: World, { what }: Step): void {
  switch (what.do) {
    case 'hotword':
      world.hotword();
      break;
    case 'key':
      world.key();
      break;
    case 'mute':
      world.mute();
      break;
    case 'hurry':
      world.hurry();
      break;
    case 'end session':
      world.endSession();
      break;
    case 'cut':
      world.network.server.terminate();
      break;
    case 'engine fails':
      world.engineFails();
      break;
    case 'speak':
      world.microphone.speak(what.ms);
      break;
    case 'zeros':
      world.microphone.zero(what.ms);
      break;
    case 'starve':
      world.microphone.starve(what.ms);
      break;
    case 'reply':
      world.reply(what);
      break;
    case 'fault':
      world.fault(what.name);
      break;
    case 'weather':
      world.network.weather = what.weather;
      break;
    case 'microphone':
      world.microphone.isThere = what.isThere;
      break;
    case 'loudspeaker':
      world.speaker.plug(what.isThere);
      break;
    case 'loudspeaker is':
      world.speaker.mood = what.mood;
  }
}

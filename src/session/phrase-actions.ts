import type { HotwordHit } from '../hotword/listener.js';
import type { Journal } from '../log.js';
import type { SessionEvent } from './events.js';

/** What a phrase does when it is heard. A new kind of action is a row here and a branch of `PhraseActions.heard`. */
export type PhraseAction =
  /** A conversation begins; within a reply it is the person's turn. */
  | { do: 'session' }
  /** What plays is silenced and the conversation ends. */
  | { do: 'stop' }
  /** The event `hotword.event` in the journal, for whoever watches it. */
  | { do: 'event'; name: string };

/** An action as `hotword.actions` spells it. */
type SpelledAction = 'session' | 'stop' | { event: string };

/** The action of every phrase; `session` where the configuration says nothing. */
export function phraseActions(
  phrases: readonly string[],
  spelled: Readonly<Record<string, SpelledAction>>,
): ReadonlyMap<string, PhraseAction> {
  return new Map(
    phrases.map((phrase) => [phrase, actionOf(Object.hasOwn(spelled, phrase) ? spelled[phrase] : undefined)]),
  );
}

function actionOf(spelled: SpelledAction | undefined): PhraseAction {
  if (typeof spelled === 'object') return { do: 'event', name: spelled.event };
  return { do: spelled ?? 'session' };
}

/** Options of `PhraseActions`. */
export interface PhraseActionsOptions {
  actions: ReadonlyMap<string, PhraseAction>;
  journal: Journal;
  /** Takes what touches the conversation. */
  send: (event: SessionEvent) => void;
}

/** Does what a phrase is for. The one place where an action is carried out. */
export class PhraseActions {
  readonly #options: PhraseActionsOptions;

  constructor(options: PhraseActionsOptions) {
    this.#options = options;
  }

  /** True when some phrase ends conversations: then the engine listens in the person's turn too. */
  get hasStop(): boolean {
    return [...this.#options.actions.values()].some((action) => action.do === 'stop');
  }

  /** A phrase was heard, and not from the device's own loudspeaker. */
  heard({ phrase, score, endedAt }: HotwordHit): void {
    const { actions, journal, send } = this.#options;
    const action = actions.get(phrase) ?? { do: 'session' };
    switch (action.do) {
      case 'session':
        send({ type: 'hotword', phrase, score, endedAt });
        break;
      case 'stop':
        send({ type: 'stop.spoken', phrase });
        break;
      case 'event':
        journal.record('hotword.event', { name: action.name, phrase });
        break;
    }
  }
}

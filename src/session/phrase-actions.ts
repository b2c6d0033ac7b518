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
  | { do: 'event'; name: string }
  /** An app of the server's is started or stopped. */
  | { do: 'start' | 'stop app'; app: string }
  /** A conversation begins with the dashboard being read. */
  | { do: 'dashboard' };

/** An action of a phrase or a button, as the configuration spells it. */
type PressAction = 'read_dashboard' | { start_app: string } | { stop_app: string };

/** An action as `hotword.actions` spells it. */
type SpelledAction = PressAction | 'session' | 'stop' | { event: string };

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
  if (spelled === 'read_dashboard') return { do: 'dashboard' };
  if (typeof spelled !== 'object') return { do: spelled ?? 'session' };
  if ('event' in spelled) return { do: 'event', name: spelled.event };
  if ('start_app' in spelled) return { do: 'start', app: spelled.start_app };
  return { do: 'stop app', app: spelled.stop_app };
}

/** Options of `PhraseActions`. */
export interface PhraseActionsOptions {
  actions: ReadonlyMap<string, PhraseAction>;
  journal: Journal;
  /** Takes what touches the conversation. */
  send: (event: SessionEvent) => void;
  /** Starts or stops an app of the server's. */
  app: (order: { id: string; do: 'start' | 'stop' }) => void;
  /** Reads the dashboard in the conversation that has begun. */
  readDashboard: () => void;
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

  /** The button was pressed for what a phrase can be for too, while the conversation stands in `state`. */
  pressed(spelled: PressAction, state: string): void {
    const { send, app, readDashboard } = this.#options;
    if (spelled === 'read_dashboard') {
      if (state === 'listening' || state === 'announcement') send({ type: 'trigger', source: 'button' });
      readDashboard();
    } else if ('start_app' in spelled) app({ id: spelled.start_app, do: 'start' });
    else app({ id: spelled.stop_app, do: 'stop' });
  }

  /** A phrase was heard, and not from the device's own loudspeaker. */
  heard({ phrase, score, endedAt }: HotwordHit): void {
    const { actions, journal, send, app, readDashboard } = this.#options;
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
      case 'start':
      case 'stop app':
        app({ id: action.app, do: action.do === 'start' ? 'start' : 'stop' });
        break;
      case 'dashboard':
        send({ type: 'hotword', phrase, score, endedAt });
        readDashboard();
        break;
    }
  }
}

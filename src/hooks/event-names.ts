import type { EventName } from '../log.js';

/** Complete by its type: an event that is missing here does not compile. */
const ALL: Readonly<Record<EventName, true>> = {
  'client.started': true,
  'client.stopped': true,
  'client.crashed': true,
  'blackbox.written': true,
  'state.changed': true,
  'state.overdue': true,
  'link.up': true,
  'link.down': true,
  'mic.ready': true,
  'mic.lost': true,
  'speaker.ready': true,
  'speaker.lost': true,
  'hotword.ready': true,
  'hotword.detected': true,
  'hotword.saved': true,
  'hotword.event': true,
  'gpio.ready': true,
  'gpio.lost': true,
  'button.pressed': true,
  'session.started': true,
  'session.ended': true,
  'reply.started': true,
  'reply.completed': true,
  'apps.changed': true,
  'page.ready': true,
  'protocol.ignored': true,
  'turn.timing': true,
};

/** The names of all events. */
export const EVENT_NAMES: readonly string[] = Object.keys(ALL);

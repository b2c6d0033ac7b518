const REASONS: Readonly<Record<string, string>> = {
  connectGrace: 'no connection in time',
  turnLimit: 'turn limit',
  drainLimit: 'the reply did not play out',
  'timeout.idle': 'silence',
  'timeout.stall': 'the reply stalled',
  'timeout.reply': 'reply limit',
};

/** A state of the machine as one name: `listening`, `activeSession.reply`. */
export function nameOfState(snapshot: object): string {
  const value = 'value' in snapshot ? snapshot.value : '';
  if (typeof value === 'string') return value;
  return Object.entries(value as Record<string, unknown>)
    .map(([outer, inner]) => `${outer}.${String(inner)}`)
    .join();
}

/** Why a state was left, in words: the event that did it, with the reason it carries. */
export function whyOf(event: { type: string }): string {
  const delay = /^xstate\.after\.(\w+)\./.exec(event.type)?.[1];
  const name = REASONS[delay ?? event.type] ?? event.type;
  if ('why' in event) return `${name}: ${String(event.why)}`;
  if ('reason' in event) return `${name}: ${String(event.reason)}`;
  return name;
}

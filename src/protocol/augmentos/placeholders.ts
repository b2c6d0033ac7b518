import type { DisplayFacts } from '../protocol.js';

/**
 * Replaces what glasses replace in any text: $DATE$, $TIME12$, $TIME24$, $no_datetime$ by the local time, $GBATT$ by the
 * battery ("85%", or nothing without one), $CONNECTION_STATUS$ by nothing: there are no glasses to be connected. The names and forms are
 * those of the Android client.
 */
export function fillPlaceholders(text: string, { at, battery }: DisplayFacts): string {
  if (!text.includes('$')) return text;
  const minutes = String(at.getMinutes()).padStart(2, '0');
  const date = `${at.getMonth() + 1}/${at.getDate()}`;
  const time24 = `${String(at.getHours()).padStart(2, '0')}:${minutes}`;
  const time12 = `${at.getHours() % 12 || 12}:${minutes} ${at.getHours() < 12 ? 'AM' : 'PM'}`;
  const values: Readonly<Record<string, string>> = {
    $DATE$: date,
    $TIME12$: time12,
    $TIME24$: time24,
    $no_datetime$: `${date}, ${time24}`,
    $GBATT$: battery ? `${battery.percent}%` : '',
    $CONNECTION_STATUS$: '',
  };
  return text.replace(
    /\$(?:DATE|TIME12|TIME24|no_datetime|GBATT|CONNECTION_STATUS)\$/g,
    (name) => values[name] ?? name,
  );
}

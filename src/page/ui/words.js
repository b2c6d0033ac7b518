/** What each state is called, and what it means, for a person. */
const STATES = {
  idle: ['Not listening', 'The microphone or the hotword engine is missing; the device looks for it by itself.'],
  listening: ['Listening', 'For the hotword, and for nothing else. No sound leaves the device.'],
  hotwordDetected: ['Heard you', 'The connection is checked; what is said is kept meanwhile.'],
  'activeSession.userTurn': ['Your turn', 'The microphone goes to the server.'],
  'activeSession.reply': ['Replying', 'The reply plays; the hotword interrupts it.'],
  'activeSession.draining': ['Replying', 'The rest of the reply plays out.'],
  announcement: ['Announcing', 'A sound plays that an app of the server wants heard; the hotword interrupts it.'],
};
const MUTED = ['Muted', 'The microphone is closed.'];

/**
 * @param {{ state: string, isMuted: boolean, thresholds: readonly { phrase: string }[] }} picture
 * @returns {{ title: string, says: string }}
 */
export function stateInWords({ state, isMuted, thresholds }) {
  const found = isMuted ? MUTED : STATES[/** @type {keyof typeof STATES} */ (state)];
  const [title = state, says = ''] = found ?? [];
  const phrases = thresholds.map(({ phrase }) => `“${phrase}”`).join(' or ');
  return { title, says: state === 'listening' && phrases !== '' ? says.replace('the hotword', phrases) : says };
}

/**
 * Milliseconds with as many digits as matter.
 * @param {number} ms
 */
export function duration(ms) {
  if (ms < 10) return `${ms.toFixed(1)} ms`;
  if (ms < 1000) return `${Math.round(ms)} ms`;
  return ms < 100_000 ? `${(ms / 1000).toFixed(2)} s` : long(ms);
}

/**
 * A time of seconds to days in words.
 * @param {number} ms
 */
export function long(ms) {
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  const hours = Math.floor(seconds / 3600);
  return hours < 48 ? `${hours} h ${Math.floor((seconds % 3600) / 60)} min` : `${Math.floor(hours / 24)} days`;
}

/**
 * The time of day; with the date where it is not today's.
 * @param {number} epochMs
 */
export function clockTime(epochMs) {
  const date = new Date(epochMs);
  const time = date.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', second: '2-digit' });
  return date.toDateString() === new Date().toDateString() ? time : `${date.toLocaleDateString()} ${time}`;
}

/**
 * A threshold as a person would type it into the configuration.
 * @param {number} value
 * @param {import('../messages.js').Scale} scale
 */
export function thresholdText(value, scale) {
  return scale === 'log' ? value.toExponential(0).replace('e+', 'e') : value.toFixed(2);
}

/**
 * An element with text in it; text of strangers is never taken for markup.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} name
 * @param {string} [text]
 * @param {Record<string, string>} [attributes]
 */
export function element(name, text = '', attributes = {}) {
  const made = document.createElement(name);
  made.textContent = text;
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

/**
 * The element with this id, which the page has.
 * @param {string} id
 * @returns {HTMLElement}
 */
export function byId(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no #${id}`);
  return found;
}

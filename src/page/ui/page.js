import { Live } from './live.js';
import { Meters } from './meters.js';
import { Thresholds } from './threshold.js';
import { showTurns } from './turns.js';
import { byId, clockTime, element, long, stateInWords } from './words.js';

/** @typedef {import('../messages.js').Picture} Picture */

const live = new Live(take, showConnection);
const meters = new Meters();
const thresholds = new Thresholds((phrase, threshold) => live.send({ do: 'threshold', phrase, threshold }));
const volume = /** @type {HTMLInputElement} */ (byId('volume'));
const mute = byId('mute');
/** So long a slider that was moved stands where the hand has left it, and not where the device still was. */
const HAND_MS = 1_000;
let volumeMovedAtMs = Number.NEGATIVE_INFINITY;

/** @param {import('../messages.js').PageMessage} message */
function take(message) {
  if (message.type === 'meter') meters.add(message);
  else if (message.type === 'said') say(message.text, message.isError);
  else if (message.type === 'picture') show(message);
}

/** @param {Picture} picture */
function show(picture) {
  showState(picture);
  showTurns(picture.turns);
  meters.scale = picture.scale;
  thresholds.show(picture.thresholds, picture.scale);
  byId('threshold-note').hidden = picture.thresholds.length === 0;
  if (performance.now() - volumeMovedAtMs > HAND_MS) volume.value = String(Math.round(picture.volume * 100));
  button('save').disabled = !picture.isUnsaved;
  byId('volume-says').textContent = `${volume.value} %`;
  byId('version').textContent = `${picture.version}, ${picture.engine}`;
  showLink(picture);
  showApps(picture);
  showDisplays(picture);
}

/** @param {Picture} picture */
function showState(picture) {
  const { title, says } = stateInWords(picture);
  const heading = byId('state');
  if (heading.textContent !== title) byId('state-told').textContent = title;
  heading.textContent = title;
  heading.dataset.state = picture.state;
  byId('state-says').textContent = says;
  document.title = `${title} – tars-client`;
  const isQuiet = ['idle', 'listening'].includes(picture.state);
  button('talk').disabled = picture.state !== 'listening';
  button('stop').disabled = isQuiet;
  button('tone').disabled = !isQuiet;
  mute.setAttribute('aria-pressed', String(picture.isMuted));
  mute.textContent = picture.isMuted ? 'Unmute' : 'Mute';
  for (const box of document.querySelectorAll('#statechart [data-state]')) {
    const path = box.getAttribute('data-state') ?? '';
    box.classList.toggle('lit', picture.state === path || picture.state.startsWith(`${path}.`));
  }
}

/** @param {Picture} picture */
function showLink({ link, nowEpochMs }) {
  const { isUp, url, upSinceEpochMs, outages } = link;
  const since = upSinceEpochMs === undefined ? '' : `, for ${long(nowEpochMs - upSinceEpochMs)}`;
  const says = byId('link-says');
  says.textContent = isUp
    ? `Connected${url === '' ? '' : ` to ${url}`}${since}.`
    : 'Not connected; the device goes on trying.';
  says.dataset.tone = isUp ? 'good' : 'bad';
  byId('server').textContent = isUp ? 'server connected' : 'no server';
  const rows = outages.map(({ fromEpochMs, untilEpochMs, reason, failures }) => {
    const row = element('tr');
    const lasted = untilEpochMs === undefined ? 'still' : long(untilEpochMs - fromEpochMs);
    row.append(...[clockTime(fromEpochMs), lasted, String(failures), reason].map((text) => element('td', text)));
    return row;
  });
  const table = byId('outages');
  table.hidden = rows.length === 0;
  table.querySelector('tbody')?.replaceChildren(...rows);
}

/** @param {Picture} picture */
function showApps({ apps }) {
  byId('apps').hidden = apps.length === 0;
  byId('apps').textContent = `Apps that run: ${apps.join(', ')}`;
}

/** @param {Picture} picture */
function showDisplays({ displays }) {
  byId('displays-section').hidden = displays.length === 0;
  const items = displays.map(({ atEpochMs, view, text }) => {
    const item = element('li', text);
    item.prepend(element('time', `${clockTime(atEpochMs)}${view === 'dashboard' ? ', dashboard' : ''}`));
    return item;
  });
  byId('displays').replaceChildren(...items);
}

/** @param {string} trouble */
function showConnection(trouble) {
  const pill = byId('live');
  pill.textContent = trouble || 'live';
  pill.dataset.tone = trouble === '' ? 'good' : 'bad';
}

/**
 * @param {string} text
 * @param {boolean} isError
 */
function say(text, isError) {
  const said = byId('said');
  said.textContent = text;
  said.dataset.tone = isError ? 'error' : 'good';
}

/** @param {string} id */
function button(id) {
  return /** @type {HTMLButtonElement} */ (byId(id));
}

for (const what of ['talk', 'stop', 'tone', 'save'])
  byId(what).addEventListener('click', () => live.send({ do: what }));
mute.addEventListener('click', () => {
  live.send({ do: mute.getAttribute('aria-pressed') === 'true' ? 'unmute' : 'mute' });
});
volume.addEventListener('input', () => {
  byId('volume-says').textContent = `${volume.value} %`;
  live.send({ do: 'volume', volume: Number(volume.value) / 100 });
  volumeMovedAtMs = performance.now();
});
live.start();

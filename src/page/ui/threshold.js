import { heightOf, valueAt } from './meters.js';
import { byId, element, thresholdText } from './words.js';

/** @typedef {import('../messages.js').Scale} Scale */

/** So often a line that is being dragged tells where it is. */
const TELL_MS = 100;
/** Of the chart's height, above and below the scale. */
const MARGIN_PX = 8;
/** How far a key moves the line: a hundredth, or a power of ten. */
const STEPS = { linear: 0.01, log: 0.02 };
/** @type {Record<string, number>} */
const KEYS = {
  ArrowUp: 1,
  ArrowRight: 1,
  ArrowDown: -1,
  ArrowLeft: -1,
  PageUp: 5,
  PageDown: -5,
  Home: -1000,
  End: 1000,
};

/** The lines in the chart of scores, one for each phrase, that can be dragged or moved by keys. */
export class Thresholds {
  #frame = byId('thresholds');
  /** @type {Map<string, Line>} */
  #lines = new Map();
  /** @type {(phrase: string, threshold: number) => void} */
  #onSet;

  /** @param {(phrase: string, threshold: number) => void} onSet */
  constructor(onSet) {
    this.#onSet = onSet;
  }

  /**
   * @param {readonly { phrase: string, threshold: number }[]} thresholds
   * @param {Scale} scale
   */
  show(thresholds, scale) {
    for (const [phrase, line] of this.#lines) {
      if (thresholds.some((each) => each.phrase === phrase)) continue;
      line.remove();
      this.#lines.delete(phrase);
    }
    for (const { phrase, threshold } of thresholds) {
      let line = this.#lines.get(phrase);
      if (!line) {
        line = new Line(this.#frame, phrase, (value) => this.#onSet(phrase, value));
        this.#lines.set(phrase, line);
      }
      line.show(threshold, scale);
    }
  }
}

class Line {
  #element = element('div', '', { class: 'threshold', role: 'slider', tabindex: '0', 'aria-orientation': 'vertical' });
  #label = element('span');
  #phrase;
  /** @type {Scale} */
  #scale = 'linear';
  #value = 0;
  #isDragged = false;
  #toldAtMs = 0;
  #onSet;

  /**
   * @param {HTMLElement} frame
   * @param {string} phrase
   * @param {(threshold: number) => void} onSet
   */
  constructor(frame, phrase, onSet) {
    this.#phrase = phrase;
    this.#onSet = onSet;
    const line = this.#element;
    line.setAttribute('aria-label', `Threshold of “${phrase}”`);
    line.append(this.#label);
    line.addEventListener('pointerdown', (event) => {
      line.setPointerCapture(event.pointerId);
      this.#isDragged = true;
      line.focus();
    });
    line.addEventListener('pointermove', (event) => {
      if (this.#isDragged) this.#moveTo(this.#heightAt(event.clientY), performance.now() - this.#toldAtMs >= TELL_MS);
    });
    const drop = () => {
      if (this.#isDragged) this.#moveTo(heightOf(this.#value, this.#scale), true);
      this.#isDragged = false;
    };
    line.addEventListener('pointerup', drop);
    line.addEventListener('pointercancel', drop);
    line.addEventListener('keydown', (event) => {
      const steps = KEYS[event.key];
      if (steps === undefined) return;
      event.preventDefault();
      this.#moveTo(heightOf(this.#value, this.#scale) + steps * STEPS[this.#scale], true);
    });
    frame.append(line);
  }

  /**
   * What the device says; where a hand holds the line, the hand counts.
   * @param {number} value
   * @param {Scale} scale
   */
  show(value, scale) {
    this.#scale = scale;
    if (!this.#isDragged) this.#place(value);
  }

  remove() {
    this.#element.remove();
  }

  /** @param {number} clientY */
  #heightAt(clientY) {
    const { top, height } = byId('score').getBoundingClientRect();
    return 1 - (clientY - top - MARGIN_PX) / (height - 2 * MARGIN_PX);
  }

  /**
   * @param {number} height
   * @param {boolean} isTold
   */
  #moveTo(height, isTold) {
    this.#place(valueAt(height, this.#scale));
    if (!isTold) return;
    this.#toldAtMs = performance.now();
    this.#onSet(this.#value);
  }

  /** @param {number} value */
  #place(value) {
    this.#value = value;
    const line = this.#element;
    const height = heightOf(value, this.#scale);
    line.style.top = `calc(${MARGIN_PX}px + ${1 - height} * (100% - ${2 * MARGIN_PX}px))`;
    const text = thresholdText(value, this.#scale);
    this.#label.textContent = `“${this.#phrase}” ${text}`;
    // At the top of the chart there is no room above the line.
    line.dataset.side = height > 0.8 ? 'below' : 'above';
    line.setAttribute('aria-valuemin', '0');
    line.setAttribute('aria-valuemax', '100');
    line.setAttribute('aria-valuenow', String(Math.round(height * 100)));
    line.setAttribute('aria-valuetext', text);
  }
}

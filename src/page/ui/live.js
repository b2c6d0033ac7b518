/** @typedef {import('../messages.js').PageMessage} PageMessage */

const RETRY_FIRST_MS = 500;
const RETRY_MAX_MS = 8_000;

/**
 * The connection to the device: opened again whenever it is lost, and closed while nobody sees the page.
 */
export class Live {
  /** @type {WebSocket | undefined} */
  #socket;
  #retryMs = RETRY_FIRST_MS;
  /** @type {number | undefined} */
  #timer;
  /** @type {(message: PageMessage) => void} */
  #onMessage;
  /** @type {(isThere: boolean) => void} */
  #onChange;

  /**
   * @param {(message: PageMessage) => void} onMessage
   * @param {(isThere: boolean) => void} onChange
   */
  constructor(onMessage, onChange) {
    this.#onMessage = onMessage;
    this.#onChange = onChange;
  }

  start() {
    document.addEventListener('visibilitychange', () => this.#look());
    this.#look();
  }

  /** @param {object} command */
  send(command) {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(command));
  }

  #look() {
    clearTimeout(this.#timer);
    if (document.visibilityState === 'hidden') this.#socket?.close();
    else if (!this.#socket) this.#open();
  }

  #open() {
    const url = new URL('live', location.href);
    url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
    const socket = new WebSocket(url);
    this.#socket = socket;
    socket.addEventListener('open', () => {
      this.#retryMs = RETRY_FIRST_MS;
      this.#onChange(true);
    });
    socket.addEventListener('message', ({ data }) => this.#onMessage(JSON.parse(String(data))));
    socket.addEventListener('close', () => {
      this.#socket = undefined;
      this.#onChange(false);
      this.#timer = setTimeout(() => this.#look(), this.#retryMs);
      this.#retryMs = Math.min(RETRY_MAX_MS, this.#retryMs * 2);
    });
  }
}

/** @typedef {import('../messages.js').PageMessage} PageMessage */

const RETRY_FIRST_MS = 500;
const RETRY_MAX_MS = 8_000;
const LOOK_MS = 1_000;
/** The device says something every 5 s at least. */
const SILENCE_TOLD_MS = 8_000;
const SILENCE_MAX_MS = 15_000;
const NO_ANSWER = 'the device does not answer';

/**
 * The connection to the device: opened again whenever it is lost or silent, and closed while nobody sees the page.
 */
export class Live {
  /** @type {WebSocket | undefined} */
  #socket;
  #retryMs = RETRY_FIRST_MS;
  #heardAtMs = 0;
  /** @type {number | undefined} */
  #retry;
  /** @type {number | undefined} */
  #watch;
  /** @type {string | undefined} */
  #told;
  /** @type {(message: PageMessage) => void} */
  #onMessage;
  /** @type {(trouble: string) => void} */
  #onChange;

  /**
   * @param {(message: PageMessage) => void} onMessage
   * @param {(trouble: string) => void} onChange what is wrong with the connection; "" while nothing is
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
    clearTimeout(this.#retry);
    if (document.visibilityState === 'hidden') this.#leave();
    else if (!this.#socket) this.#open();
  }

  #open() {
    const url = new URL('live', location.href);
    url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
    const socket = new WebSocket(url);
    let wasOpen = false;
    this.#socket = socket;
    this.#heardAtMs = performance.now();
    this.#watch = setInterval(() => this.#listen(), LOOK_MS);
    socket.addEventListener('open', () => {
      wasOpen = true;
    });
    socket.addEventListener('message', ({ data }) => {
      if (socket === this.#socket) this.#hear(JSON.parse(String(data)));
    });
    socket.addEventListener('close', ({ reason }) => {
      if (socket !== this.#socket) return;
      this.#lose(reason || NO_ANSWER);
      if (!wasOpen) void askForTheToken();
    });
  }

  /** @param {PageMessage} message */
  #hear(message) {
    this.#heardAtMs = performance.now();
    this.#retryMs = RETRY_FIRST_MS;
    this.#tell('');
    this.#onMessage(message);
  }

  #listen() {
    const silentMs = performance.now() - this.#heardAtMs;
    if (silentMs > SILENCE_TOLD_MS) this.#tell(`no word for ${Math.round(silentMs / 1000)} s`);
    if (silentMs > SILENCE_MAX_MS) this.#lose(NO_ANSWER);
  }

  /** @param {string} why */
  #lose(why) {
    this.#leave();
    this.#tell(why);
    this.#retry = setTimeout(() => this.#look(), this.#retryMs);
    this.#retryMs = Math.min(RETRY_MAX_MS, this.#retryMs * 2);
  }

  /** Whatever it still says is not listened to: it may take long to close. */
  #leave() {
    const socket = this.#socket;
    this.#socket = undefined;
    clearInterval(this.#watch);
    socket?.close();
  }

  /** @param {string} trouble */
  #tell(trouble) {
    if (trouble === this.#told) return;
    this.#told = trouble;
    this.#onChange(trouble);
  }
}

/** No browser tells why a WebSocket was refused. It may be that the token is another one now; then the page asks for it. */
async function askForTheToken() {
  try {
    const { status } = await fetch('healthz');
    if (status === 401) location.reload();
  } catch {
    // The device is not there, as the page says already.
  }
}

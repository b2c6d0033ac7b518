import { readFileSync } from 'node:fs';
import type { Answer } from './responses.js';

const UI = new URL('ui/', import.meta.url);
const TYPES: Readonly<Record<string, string>> = {
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  svg: 'image/svg+xml',
};
const STYLE = 'page.css';
const ICON = 'icon.svg';
const FILES = [STYLE, ICON, 'page.js', 'live.js', 'meters.js', 'threshold.js', 'turns.js', 'words.js'];

/** The files of the page as they are served; read once. */
export class Assets {
  readonly #files = new Map(FILES.map((name) => [`/${name}`, fileAnswer(name)]));
  readonly #index = html(200, text('index.html').replace('<!-- statechart -->', chart()));
  readonly #login = text('login.html');

  /** For whoever is let in. */
  answer(path: string): Answer | undefined {
    return path === '/' ? this.#index : this.#files.get(path);
  }

  /** For everybody: what the question for the token looks like. */
  publicAnswer(path: string): Answer | undefined {
    return path === `/${STYLE}` || path === `/${ICON}` ? this.#files.get(path) : undefined;
  }

  /** Asks for the token; after a wrong one it says so. */
  question(wasWrong: boolean): Answer {
    const said = wasWrong ? 'That is not the token.' : '';
    return html(401, this.#login.replace('<!-- said -->', said));
  }
}

function text(name: string): string {
  return readFileSync(new URL(name, UI), 'utf8');
}

/** The picture of the README; its styles are in the page's own, which alone may style it. */
function chart(): string {
  return text('statechart.svg').replace(/<style>[\s\S]*?<\/style>\n/, '');
}

function html(status: number, body: string): Answer {
  return { status, type: 'text/html; charset=utf-8', body };
}

function fileAnswer(name: string): Answer {
  return { status: 200, type: TYPES[name.split('.').at(-1) ?? ''] ?? 'text/plain', body: text(name) };
}

import type { ServerEvent } from '../protocol.js';
import { type Fields, fieldsOf, textOf } from './message.js';

/** The most characters kept of one display. */
const TEXT_LIMIT = 4_000;
/** The card that the cloud shows while apps start: "// MentraOS - Starting App", "// AugmentOS - Starting Apps". */
const BOOT_CARD = /^\/\/ \S+ - Starting App/;
/** Layouts without a word in them. */
const PICTURES: ReadonlySet<string> = new Set(['bitmap_view', 'bitmap_animation']);

/** What a `display_event` shows. Its view is `main` where it is none of the others, as glasses have it. */
export function displayOf(message: Fields): ServerEvent {
  const view = textOf(message.view) === 'main' || message.view === undefined ? 'main' : 'dashboard';
  const layout = fieldsOf(message.layout);
  const layoutType = textOf(layout?.layoutType);
  if (!layout || layoutType === '') return { type: 'ignored', kind: 'display without a layout', detail: '' };
  if (PICTURES.has(layoutType)) return { type: 'ignored', kind: 'picture', detail: layoutType };
  const lines = linesOf(layoutType, layout);
  if (!lines) return { type: 'ignored', kind: 'unknown layout', detail: layoutType.slice(0, 60) };
  const text = lines
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .join('\n')
    .slice(0, TEXT_LIMIT);
  if (text === '') return { type: 'display', view, kind: 'clear', text };
  const isNotice = message.view === 'always_on' || BOOT_CARD.test(text);
  return { type: 'display', view, kind: isNotice ? 'notice' : 'text', text };
}

/** The words of a layout from top to bottom; undefined for a layout that is not known. */
function linesOf(layoutType: string, layout: Fields): string[] | undefined {
  switch (layoutType) {
    case 'text_wall':
    case 'text_line':
      return [textOf(layout.text)];
    case 'double_text_wall':
      return [textOf(layout.topText), textOf(layout.bottomText)];
    case 'reference_card':
      return [textOf(layout.title), textOf(layout.text)];
    case 'dashboard_card':
      return [textOf(layout.leftText), textOf(layout.rightText)];
    case 'text_rows':
      return Array.isArray(layout.text) ? layout.text.map(textOf) : [textOf(layout.text)];
    case 'clear_view':
    case 'empty':
      return [];
    default:
      return undefined;
  }
}

/** The fields of a message of which nothing is known. */
export type Fields = Readonly<Record<string, unknown>>;

/** An object's fields; undefined for anything else. */
export function fieldsOf(value: unknown): Fields | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : undefined;
}

/** A text, and '' for anything else. */
export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** The fields of a text message; undefined for what is no JSON object with a `type`. */
export function parseMessage(text: string): (Fields & { type: string }) | undefined {
  try {
    const fields = fieldsOf(JSON.parse(text));
    return fields && typeof fields.type === 'string' ? { ...fields, type: fields.type } : undefined;
  } catch {
    return undefined; // not JSON: the caller counts it as ignored
  }
}

import { readFile } from 'node:fs/promises';

/** What of a snapshot of V8's heap is read here. */
interface Snapshot {
  snapshot: { meta: { node_fields: string[]; node_types: (string[] | string)[] } };
  nodes: number[];
}

/** What V8 keeps about the program: compiled code, feedback for its optimiser, lists of what depends on what, shapes. */
const ENGINE: ReadonlySet<string> = new Set(['code', 'hidden', 'object shape', 'synthetic']);

/** The bytes of all that a program itself holds: objects, functions, arrays, strings, numbers, buffers. */
export function heldBytes({ snapshot, nodes }: Snapshot): number {
  const { node_fields: fields, node_types: types } = snapshot.meta;
  const [typeAt, sizeAt] = [fields.indexOf('type'), fields.indexOf('self_size')];
  const isHeld = [...(types[typeAt] ?? [])].map((name) => !ENGINE.has(name));
  let bytes = 0;
  for (let at = 0; at < nodes.length; at += fields.length) {
    if (isHeld[nodes[at + typeAt] ?? 0]) bytes += nodes[at + sizeAt] ?? 0;
  }
  return bytes;
}

/** The same of a file that `v8.writeHeapSnapshot` has written. */
export async function heldBytesOf(path: string): Promise<number> {
  return heldBytes(JSON.parse(await readFile(path, 'utf8')) as Snapshot);
}

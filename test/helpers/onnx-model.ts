/** A field of a protobuf message: bytes, a text or a message with their length in front, or a number. */
function field(id: number, value: number | string | Buffer): Buffer {
  if (typeof value === 'number') return Buffer.concat([varint(id * 8), varint(value)]);
  const bytes = Buffer.from(value);
  return Buffer.concat([varint(id * 8 + 2), varint(bytes.length), bytes]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  return Buffer.from([...bytes, rest]);
}

/** What the numbers of a tensor are (TensorProto.DataType). */
const ELEMENTS = { float: 1, float16: 10, double: 11 };

/** A ValueInfoProto. */
function tensor(name: string, elements: number, shape: readonly number[]): Buffer {
  const dimensions = shape.map((length) => field(1, field(1, length)));
  const type = Buffer.concat([field(1, elements), field(2, Buffer.concat(dimensions))]);
  return Buffer.concat([field(1, name), field(2, field(1, type))]);
}

/** A NodeProto that takes the mean over one axis. */
function meanOver(axis: number, isKept: 0 | 1, input: string, output: string): Buffer {
  const axes = Buffer.concat([field(1, 'axes'), field(8, axis), field(20, 7)]);
  const keep = Buffer.concat([field(1, 'keepdims'), field(3, isKept), field(20, 2)]);
  return Buffer.concat([field(1, input), field(2, output), field(4, 'ReduceMean'), field(5, axes), field(5, keep)]);
}

/** In what a classifier differs from one of the release. */
export interface ClassifierModelOptions {
  /** @default 16 */
  embeddings?: number;
  /** Numbers of an embedding. @default 96 */
  numbers?: number;
  /** @default 'float' */
  elements?: keyof typeof ELEMENTS;
}

/**
 * The smallest ONNX model (onnx.proto, operator set 13) with the shapes of an openWakeWord classifier, [1, 16, 96] to
 * [1, 1], or with others: its score is the mean of its input.
 */
export function classifierModel(options: ClassifierModelOptions = {}): Buffer {
  const { embeddings = 16, numbers = 96, elements = 'float' } = options;
  const graph = Buffer.concat([
    field(1, meanOver(1, 0, 'x', 'means')),
    field(1, meanOver(1, 1, 'means', 'score')),
    field(2, 'classifier'),
    field(11, tensor('x', ELEMENTS[elements], [1, embeddings, numbers])),
    field(12, tensor('score', ELEMENTS[elements], [1, 1])),
  ]);
  return Buffer.concat([field(1, 8), field(7, graph), field(8, field(2, 13))]);
}

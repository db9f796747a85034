/** ONNX models as bytes: the few protocol-buffer messages that a small graph needs. */

export interface Node {
  readonly op: string;
  readonly domain?: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes?: Readonly<Record<string, number>>;
}

/** Name to shape, all float32. */
export type Values = Readonly<Record<string, readonly number[]>>;

const kFloat = 1;
const kIntAttribute = 2;

export function onnxModel(nodes: readonly Node[], inputs: Values, outputs: Values): Uint8Array {
  const graph = [
    ...nodes.map((node) => message(1, nodeProto(node))),
    text(2, 'graph'),
    ...Object.entries(inputs).map((value) => message(11, valueInfo(value))),
    ...Object.entries(outputs).map((value) => message(12, valueInfo(value))),
  ];
  const opset = (domain: string, version: number) =>
    message(8, [text(1, domain), integer(2, version)]);
  return join([integer(1, 8), message(7, graph), opset('', 17), opset('com.microsoft', 1)]);
}

function nodeProto({ op, domain = '', inputs, outputs, attributes = {} }: Node): Uint8Array[] {
  const attribute = ([name, value]: [string, number]) =>
    message(5, [text(1, name), integer(3, value), integer(20, kIntAttribute)]);
  return [
    ...inputs.map((name) => text(1, name)),
    ...outputs.map((name) => text(2, name)),
    text(4, op),
    ...Object.entries(attributes).map(attribute),
    text(7, domain),
  ];
}

function valueInfo([name, lengths]: [string, readonly number[]]): Uint8Array[] {
  const shape = lengths.map((length) => message(1, [integer(1, length)]));
  const tensor = [integer(1, kFloat), message(2, shape)];
  return [text(1, name), message(2, [message(1, tensor)])];
}

function integer(field: number, value: number): Uint8Array {
  return join([varint(field << 3), varint(value)]);
}

function text(field: number, value: string): Uint8Array {
  return message(field, [new TextEncoder().encode(value)]);
}

function message(field: number, parts: readonly Uint8Array[]): Uint8Array {
  const body = join(parts);
  return join([varint((field << 3) | 2), varint(body.length), body]);
}

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 0x80) {
    bytes.push((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  return Uint8Array.from([...bytes, rest]);
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

/** Reads whatever holds numbers and a shape into float64. */

import { type DType, fromBits, roundTo } from './half.js';

/** What Tensor.from takes, and other libraries' tensors. Half bits (Uint16Array) need a dtype. */
export interface ArraySource {
  readonly data: ArrayLike<number>;
  readonly shape?: readonly number[];
  readonly dims?: readonly number[];
  readonly dtype?: string;
  readonly type?: string;
}

/** A Tensor of this package, or anything that is read like one. */
export interface TensorSource {
  readonly shape: readonly number[];
  readonly dtype: string;
  dataSync(): ArrayLike<number>;
}

export type Source = ArraySource | TensorSource;

/** Contiguous, row-major. */
export interface Operand {
  readonly name: string;
  readonly data: Float64Array;
  readonly shape: readonly number[];
  /** undefined: none was given, the numbers are taken as they are. */
  readonly dtype: DType | undefined;
}

const kDTypes: readonly string[] = ['float32', 'float16', 'bfloat16'];

export function readOperand(name: string, source: Source): Operand {
  if (typeof source !== 'object' || source === null) {
    throw new TypeError(`\`${name}\` must be a tensor or { data, shape }, got ${kindOf(source)}`);
  }
  const data = 'dataSync' in source ? source.dataSync() : source.data;
  if (!isNumeric(data)) {
    throw new TypeError(`\`${name}.data\` must be a typed array of floats, got ${kindOf(data)}`);
  }
  const { dims, type } = source as ArraySource;
  const shape = source.shape ?? dims;
  if (!Array.isArray(shape) || !shape.every((size) => Number.isSafeInteger(size) && size >= 0)) {
    throw new TypeError(`\`${name}.shape\` must be an array of sizes, got ${kindOf(shape)}`);
  }
  const dtype = source.dtype ?? type;
  if (dtype !== undefined && !kDTypes.includes(dtype)) {
    throw new TypeError(`\`${name}.dtype\` must be one of ${kDTypes.join(', ')}, got ${dtype}`);
  }
  const size = shape.reduce((product, length) => product * length, 1);
  if (data.length !== size) {
    throw new RangeError(
      `\`${name}\` has shape [${shape}] and needs ${size} elements, got ${data.length}`,
    );
  }
  return { name, data: readValues(name, data, dtype as DType), shape, dtype: dtype as DType };
}

function readValues(name: string, data: ArrayLike<number>, dtype?: DType): Float64Array {
  if (kindOf(data) === 'Uint16Array') {
    if (dtype === 'float16' || dtype === 'bfloat16') return fromBits(data, dtype);
    throw new TypeError(
      `\`${name}\` is a Uint16Array and needs dtype 'float16' or 'bfloat16', got ${dtype}`,
    );
  }
  if (dtype === undefined) return Float64Array.from(data);
  return Float64Array.from(data, (value) => roundTo(dtype, value));
}

function isNumeric(data: unknown): data is ArrayLike<number> {
  return Array.isArray(data) || /^(Float(16|32|64)|Uint16)Array$/.test(kindOf(data));
}

/** The kind of a value in words, the same in every realm. */
export function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value !== 'object') return `${typeof value} ${String(value)}`;
  return Object.prototype.toString.call(value).slice(8, -1);
}

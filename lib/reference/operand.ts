/** Reads whatever holds numbers and a shape into float64. */

import { type DType, readDType } from '../dtype.js';
import { outOfRange, wrongKind } from '../errors.js';
import { expectNumbers } from '../expect.js';
import { fieldOf, type TensorLike } from '../like.js';
import { readShape, sizeOf } from '../shape.js';
import { fromBits, roundTo } from './half.js';

/** A Tensor of this package, or anything that is read like one. */
export interface Readable {
  /** Lengths, outermost first. */
  readonly shape: readonly number[];
  /** `'float32'`, `'float16'` or `'bfloat16'`. */
  readonly dtype: string;
  /** The elements, row-major. */
  dataSync(): ArrayLike<unknown>;
}

/**
 * Numbers with a shape: what Tensor.from takes, float64 arrays, Tensors. Floats are rounded to the
 * dtype where one is given, and taken as they are where none is; a Uint16Array holds bits.
 */
export type Source = TensorLike | Readable;

/** Contiguous, row-major. */
export interface Operand {
  readonly data: Float64Array;
  readonly shape: readonly number[];
  readonly dtype: DType | undefined;
}

const kExpected = 'a Tensor or { data, shape } with floats or half bits as data';
const kFloats = /^(Array|Float(16|32|64)Array|Uint16Array)$/;

export function readOperand(name: string, source: unknown): Operand {
  if (typeof source !== 'object' || source === null) throw wrongKind(kExpected, name, source);
  const like = source as Partial<TensorLike & Readable>;
  const elements = typeof like.dataSync === 'function' ? like.dataSync() : like.data;
  const kind = Object.prototype.toString.call(elements).slice(8, -1);
  if (!kFloats.test(kind)) throw wrongKind(kExpected, name, elements);

  const said = fieldOf(name, like, 'dtype', 'type');
  const dtype = said.value === undefined ? undefined : readDType(said.name, said.value);
  const lengths = fieldOf(name, like, 'shape', 'dims');
  const shape = readShape(lengths.name, lengths.value);
  const data = readValues(name, elements as ArrayLike<number>, kind === 'Uint16Array', dtype);
  if (data.length !== sizeOf(shape)) {
    throw outOfRange(`${sizeOf(shape)} elements, shape [${shape}],`, name, data.length);
  }
  return { data, shape, dtype };
}

function readValues(
  name: string,
  elements: ArrayLike<number>,
  isBits: boolean,
  dtype: DType | undefined,
): Float64Array {
  if (!isBits) {
    if (Array.isArray(elements)) expectNumbers(`${name}.data`, elements);
    if (dtype === undefined) return Float64Array.from(elements);
    return Float64Array.from(elements, (value) => roundTo(dtype, value));
  }
  if (dtype === 'float16' || dtype === 'bfloat16') return fromBits(elements, dtype);
  throw new TypeError(
    `expected dtype 'float16' or 'bfloat16' for the bits in \`${name}\`, got ${dtype}`,
  );
}

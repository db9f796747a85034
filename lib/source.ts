/** Reads what Tensor.from takes: typed arrays, number arrays, and other libraries' tensors. */

import { types } from 'node:util';
import type { Bytes, DType } from '../binding.js';
import { bytesOf, type Float16Data, readDType } from './dtype.js';
import { describe, outOfRange, wrongKind } from './errors.js';
import { expectNumbers } from './expect.js';
import { type Field, fieldOf, type TensorLike } from './like.js';
import { readShape, sizeOf } from './shape.js';

/**
 * - Float32Array: float32, or rounded to the dtype asked for (nearest even)
 * - Float16Array: float16, or converted
 * - Uint16Array: the bits of float16 or bfloat16; which of them must be said
 * - Float64Array and arrays of numbers: rounded to float32. A half dtype is refused, since rounding
 *   twice is not rounding to the nearest; pass `new Float32Array(data)` where that is good enough.
 */
export type Data = Float32Array | Float64Array | Uint16Array | Float16Data | readonly number[];

interface Elements {
  readonly bytes: Exclude<Bytes, DataView>;
  readonly srcDtype: DType;
}

export interface Source extends Elements {
  readonly dtype: DType;
  readonly shape: readonly number[];
}

const kExpected =
  'a Float32Array, Float64Array, Float16Array, Uint16Array, array of numbers or { data, shape }';

/** `shape` and `dtype` are the caller's wish; undefined takes what the source says. */
export function readSource(source: unknown, shape: unknown, dtype: unknown): Source {
  const wanted = dtype === undefined ? undefined : readDType('dtype', dtype);
  const asked = { name: 'shape', value: shape };
  if (Array.isArray(source) || ArrayBuffer.isView(source)) {
    return assemble('data', source, asked, wanted, wanted);
  }
  if (typeof source !== 'object' || source === null) throw wrongKind(kExpected, 'data', source);
  const like = source as Partial<TensorLike>;
  const said = fieldOf('data', like, 'dtype', 'type');
  const own = said.value === undefined ? undefined : readDType(said.name, said.value);
  const lengths = shape === undefined ? fieldOf('data', like, 'shape', 'dims') : asked;
  return assemble('data.data', like.data, lengths, own, wanted ?? own);
}

function assemble(
  name: string,
  data: unknown,
  shape: Field,
  own: DType | undefined,
  wanted: DType | undefined,
): Source {
  const { bytes, srcDtype } = readElements(name, data, own, wanted);
  const count = bytes.byteLength / bytesOf(srcDtype);
  const lengths = shape.value === undefined ? [count] : readShape(shape.name, shape.value);
  if (sizeOf(lengths) !== count) {
    throw outOfRange(`${sizeOf(lengths)} elements, shape [${lengths}],`, name, count);
  }
  return { bytes, srcDtype, dtype: wanted ?? srcDtype, shape: lengths };
}

function readElements(
  name: string,
  data: unknown,
  own: DType | undefined,
  wanted: DType | undefined,
): Elements {
  // By tag, never by instanceof: arrays of other realms are as good.
  const kind: string = types.isTypedArray(data) ? data[Symbol.toStringTag] : typeof data;
  switch (Array.isArray(data) ? 'Array' : kind) {
    case 'Float32Array':
      return { bytes: attached(name, data as Float32Array), srcDtype: 'float32' };
    case 'Float16Array': {
      const { buffer, byteOffset, length } = attached(name, data as Uint16Array);
      return { bytes: new Uint16Array(buffer, byteOffset, length), srcDtype: 'float16' };
    }
    case 'Uint16Array':
      if (own === 'float16' || own === 'bfloat16') {
        return { bytes: attached(name, data as Uint16Array), srcDtype: own };
      }
      throw new TypeError(
        `expected dtype 'float16' or 'bfloat16' for the bits in \`${name}\`, which a Uint16Array ` +
          `alone leaves ambiguous, got ${describe(own)}`,
      );
    case 'Float64Array':
      return round(name, attached(name, data as Float64Array), wanted);
    case 'Array':
      return round(name, expectNumbers(name, data as unknown[]), wanted);
    default:
      throw wrongKind(kExpected, name, data);
  }
}

function round(name: string, data: ArrayLike<number>, wanted: DType | undefined): Elements {
  if (wanted !== undefined && wanted !== 'float32') {
    throw new TypeError(
      `expected a Float32Array for \`${name}\` with dtype '${wanted}', got float64 numbers, which ` +
        'would be rounded twice; pass new Float32Array(data) where that is good enough',
    );
  }
  return { bytes: new Float32Array(data), srcDtype: 'float32' };
}

/** An array that its buffer no longer holds looks empty; only asking it for an element tells. */
function attached<T extends Exclude<Bytes, DataView>>(name: string, data: T): T {
  try {
    Uint8Array.prototype.at.call(data, 0);
  } catch (cause) {
    throw new TypeError(
      `expected an array that lies in its buffer for \`${name}\`, got one whose buffer is ` +
        'detached or has shrunk',
      { cause },
    );
  }
  return data;
}

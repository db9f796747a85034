/** Element types, and the typed arrays that carry them. */

import type { Bytes, DType } from '../binding.js';
import { FlashDiffError } from './errors.js';
import { expectWord } from './expect.js';

export type { DType } from '../binding.js';

/** Float16Array where the compiler's library has it; on older runtimes it never comes. */
export type Float16Data = typeof globalThis extends {
  Float16Array: { prototype: infer T };
}
  ? T
  : never;

/**
 * What `data()` gives: float16 is a Float16Array where the runtime has it, else a Uint16Array of
 * bits; bfloat16 is a Uint16Array of bits (the upper half of a float32).
 */
export interface DataTypes {
  /** numbers */
  float32: Float32Array;
  /** numbers, or bits on older runtimes */
  float16: Float16Data | Uint16Array;
  /** bits */
  bfloat16: Uint16Array;
}

export const kDTypes: readonly DType[] = ['float32', 'float16', 'bfloat16'];

export function readDType(name: string, value: unknown): DType {
  return expectWord(name, value, kDTypes);
}

export function bytesOf(dtype: DType): number {
  return dtype === 'float32' ? 4 : 2;
}

/**
 * A fresh array for `count` elements, and its bytes as a kind that every Node-API knows.
 *
 * @throws FlashDiffError `ERR_OUT_OF_MEMORY`
 */
export function allocate<D extends DType>(
  dtype: D,
  count: number,
): { data: DataTypes[D]; bytes: Bytes } {
  const bytes = withRoom(dtype, count);
  const { Float16Array } = globalThis as {
    Float16Array?: new (buffer: ArrayBufferLike) => unknown;
  };
  const data =
    dtype === 'float16' && Float16Array !== undefined ? new Float16Array(bytes.buffer) : bytes;
  return { data: data as DataTypes[D], bytes };
}

function withRoom(dtype: DType, count: number): Float32Array | Uint16Array {
  try {
    return dtype === 'float32' ? new Float32Array(count) : new Uint16Array(count);
  } catch (cause) {
    throw new FlashDiffError(
      'ERR_OUT_OF_MEMORY',
      `expected room for ${count} ${dtype} elements in an array of JavaScript, got none: ` +
        (cause as Error).message,
      { cause },
    );
  }
}

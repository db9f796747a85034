/** The λ of the paper and of its public implementations. */

import { types } from 'node:util';
import { outOfRange, wrongKind } from './errors.js';
import { expectFinite, expectInteger, expectNumbers, expectObject } from './expect.js';

/** The four learned vectors of a layer, of equal length. */
export interface LambdaVectors {
  /** λ_q1 of the paper, [D]. */
  readonly q1: ArrayLike<number>;
  /** λ_k1, [D]. */
  readonly k1: ArrayLike<number>;
  /** λ_q2, [D]. */
  readonly q2: ArrayLike<number>;
  /** λ_k2, [D]. */
  readonly k2: ArrayLike<number>;
}

/**
 * λ_init of a layer: 0.8 − 0.6·e^(−0.3·depth), as in
 * [arXiv 2410.05258](https://arxiv.org/abs/2410.05258), which counts layers from 1.
 *
 * @param depth index of the layer, from 0
 * @throws TypeError, RangeError unless depth is an integer ≥ 0
 */
export function lambdaInit(depth: number): number {
  return 0.8 - 0.6 * Math.exp(-0.3 * expectInteger('depth', depth));
}

/**
 * λ of a layer in float64: e^(q1·k1) − e^(q2·k2) + λ_init, as in section 2.1 of
 * [arXiv 2410.05258](https://arxiv.org/abs/2410.05258). (Implementations in half precision round
 * each of the three terms; pass a λ of your own to reproduce them.)
 *
 * @throws TypeError, RangeError for vectors that are none, or of different lengths
 */
export function lambdaFull(vectors: LambdaVectors, lambdaInit: number): number {
  const { q1, k1, q2, k2 } = expectObject('vectors', vectors, ['q1', 'k1', 'q2', 'k2']);
  const init = expectFinite('lambdaInit', lambdaInit);
  const length = readVector('q1', q1).length;
  const dot = (name: string, a: unknown, otherName: string, b: unknown) => {
    const left = readVector(name, a, length);
    const right = readVector(otherName, b, length);
    return left.reduce((sum, value, i) => sum + value * (right[i] as number), 0);
  };
  return Math.exp(dot('q1', q1, 'k1', k1)) - Math.exp(dot('q2', q2, 'k2', k2)) + init;
}

function readVector(name: string, value: unknown, length?: number): readonly number[] {
  const isFloats = types.isTypedArray(value) && /^Float/.test(value[Symbol.toStringTag]);
  if (!Array.isArray(value) && !isFloats) throw wrongKind('an array of numbers', name, value);
  const vector = expectNumbers(name, Array.from(value as ArrayLike<unknown>));
  if (length !== undefined && vector.length !== length) {
    throw outOfRange(`${length} numbers, as in \`q1\`,`, name, vector.length);
  }
  return vector;
}

/** The sizes of a problem, from the shapes of q, k and v in a layout. */

import { outOfRange } from './errors.js';
import { kLayouts, type Layout } from './layout.js';

/** What q and k alone decide. */
export interface MapSizes {
  readonly batchSize: number;
  /** Differential heads, H. */
  readonly numHeads: number;
  /** Hkv, which divides H. */
  readonly numKvHeads: number;
  readonly seqlenQ: number;
  readonly seqlenK: number;
  readonly headDim: number;
}

export interface Sizes extends MapSizes {
  readonly valueDim: number;
}

interface Shaped {
  readonly shape: readonly number[];
}

type Shape4 = [batch: number, sequence: number, heads: number, dim: number];

export function expectRank4(name: string, { shape }: Shaped): void {
  if (shape.length !== 4) throw outOfRange('4 dimensions', name, shape);
}

export function hasShape({ shape }: Shaped, expected: readonly number[]): boolean {
  return shape.length === expected.length && shape.every((size, i) => size === expected[i]);
}

/** Of operands of rank 4, like the next. */
export function readMapSizes(q: Shaped, k: Shaped, layout: Layout): MapSizes {
  const [batchSize, seqlenQ, queryHeads, headDim] = q.shape as Shape4;
  const numHeads = queryHeads / 2;
  if (queryHeads === 0 || !Number.isInteger(numHeads)) {
    throw outOfRange('an even number of heads, at least 2,', 'q', queryHeads);
  }
  if (headDim === 0) throw outOfRange('a head dim of at least 1', 'q', headDim);

  const [keyBatch, seqlenK, allKeyHeads, keyDim] = k.shape as Shape4;
  if (keyBatch !== batchSize)
    throw outOfRange(`batch size ${batchSize}, that of \`q\`,`, 'k', keyBatch);
  if (keyDim !== headDim) throw outOfRange(`head dim ${headDim}, that of \`q\`,`, 'k', keyDim);
  const { keyHeads } = kLayouts[layout];
  const numKvHeads = allKeyHeads / keyHeads;
  if (!Number.isInteger(numKvHeads) || !Number.isInteger(numHeads / numKvHeads)) {
    const divisors = keyHeads === 1 ? 'a divisor' : 'twice a divisor';
    throw outOfRange(
      `${divisors} of the ${numHeads} differential heads as the heads (layout '${layout}')`,
      'k',
      allKeyHeads,
    );
  }
  return { batchSize, numHeads, numKvHeads, seqlenQ, seqlenK, headDim };
}

export function readSizes(q: Shaped, k: Shaped, v: Shaped, layout: Layout): Sizes {
  const sizes = readMapSizes(q, k, layout);
  const { valueHeads, valueWidth } = kLayouts[layout];
  const { batchSize, numHeads, numKvHeads, seqlenQ, seqlenK, headDim } = sizes;
  const shape = [batchSize, seqlenK, numKvHeads * valueHeads, headDim * valueWidth];
  if (!hasShape(v, shape)) {
    throw outOfRange(`shape [${shape.join(', ')}] (layout '${layout}')`, 'v', v.shape);
  }
  // Field by field: a spread here would cost a small call a quarter of its time more.
  const valueDim = headDim * valueHeads * valueWidth;
  return { batchSize, numHeads, numKvHeads, seqlenQ, seqlenK, headDim, valueDim };
}

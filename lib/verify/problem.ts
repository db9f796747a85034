/** What a case stands for: operands in the case's precision, and the options of both functions. */

import type { TensorLike } from '../index.js';
import { type Options, toBits } from '../reference.js';
import type { Case } from './cases.js';
import { Random } from './random.js';

export type DType = Case['dtype'];

/** Contiguous values with a shape and a dtype: what Tensor.from and the reference take. */
export interface Values extends TensorLike {
  readonly data: Float32Array | Uint16Array;
  readonly shape: readonly number[];
  readonly dtype: DType;
}

export interface Problem {
  readonly name: string;
  readonly q: Values;
  readonly k: Values;
  readonly v: Values;
  /** With λ and the norm's weight as values. */
  readonly options: Options;
}

export function valuesOf(data: Float32Array, shape: readonly number[], dtype: DType): Values {
  return { data: dtype === 'float32' ? data : toBits(data, dtype), shape, dtype };
}

export const sizeOf = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);

/** The shapes of q, k and v in a layout. */
export function shapesOf(c: Case): { q: number[]; k: number[]; v: number[]; valueDim: number } {
  const { layout, batchSize: B, seqlenQ, seqlenK, headDim: D } = c;
  const [H, G] = c.heads;
  const q = [B, seqlenQ, 2 * H, D];
  const k = [B, seqlenK, layout === 'v2' ? G : 2 * G, D];
  const v = layout === 'v1' ? [B, seqlenK, G, 2 * D] : k;
  return { q, k, v, valueDim: layout === 'v2' ? D : 2 * D };
}

export function problemOf(c: Case, name: string): Problem {
  const random = new Random(c.seed);
  const shapes = shapesOf(c);
  const normals = (shape: number[], dtype: DType, deviation = 1) =>
    valuesOf(random.normals(sizeOf(shape), deviation), shape, dtype);
  const uniforms = (shape: number[]) =>
    valuesOf(
      Float32Array.from({ length: sizeOf(shape) }, () => random.uniform()),
      shape,
      'float32',
    );

  const [H] = c.heads;
  const lambda = {
    number: () => 0.8,
    head: () => uniforms([H]),
    token: () => uniforms([c.batchSize, c.seqlenQ, H]),
  }[c.lambda]();
  const weight = c.subln === 'weight' && { weight: uniforms([shapes.valueDim]) };
  return {
    name,
    q: normals(shapes.q, c.dtype, c.sharpness),
    k: c.infinite ? withInfinity(normals(shapes.k, c.dtype)) : normals(shapes.k, c.dtype),
    v: normals(shapes.v, c.dtype),
    options: {
      layout: c.layout,
      lambda,
      ...c.mask,
      ...(c.subln !== 'none' && { subln: { eps: 1e-5, ...weight } }),
      ...(c.softmaxScale !== undefined && { softmaxScale: c.softmaxScale }),
      outputScale: c.outputScale,
      returnLse: c.returnLse,
    },
  };
}

/** The first component of the middle key, in all heads. */
function withInfinity(k: Values): Values {
  const [batch = 0, length = 0, heads = 0, dim = 0] = k.shape;
  const infinity = k.dtype === 'float32' ? Infinity : (toBits([Infinity], k.dtype)[0] as number);
  const data = k.data.slice();
  for (let b = 0; b < batch; b += 1) {
    const start = (b * length + Math.floor(length / 2)) * heads * dim;
    for (let h = 0; h < heads; h += 1) data[start + h * dim] = infinity;
  }
  return { ...k, data };
}

/** Queries to check: all when the problem is small. */
export function rowsOf(c: Case, budget = 12e6): number[] {
  const macsPerRow = c.batchSize * c.heads[0] * c.seqlenK * c.headDim * 12;
  const affordable = Math.floor(budget / Math.max(1, macsPerRow));
  return rowsAcross(c.seqlenQ, Math.max(16, affordable), c.seed);
}

/**
 * Both sides of edges: of the CPU's groups of 4, 6 and 12 rows and its blocks of 256, of the GPU's
 * tiles of 64, 80, 96 and 128.
 */
const kEdgeRows = [0, 1, 3, 4, 5, 6, 11, 12, 63, 64, 79, 80, 95, 96, 127, 128, 255, 256];
const kLeastRandomRows = 4;

/** About `count` queries: both ends, both sides of edges, and random ones. */
export function rowsAcross(seqlenQ: number, count: number, seed: number): number[] {
  if (seqlenQ <= count) return Array.from({ length: seqlenQ }, (_, row) => row);
  const edges = [...kEdgeRows, seqlenQ - 2, seqlenQ - 1].filter((row) => row < seqlenQ);
  const chosen = new Set(edges);
  const least = Math.min(seqlenQ, Math.max(count, chosen.size + kLeastRandomRows));
  const random = new Random(seed);
  while (chosen.size < least) chosen.add(random.integer(seqlenQ));
  return [...chosen].sort((a, b) => a - b);
}

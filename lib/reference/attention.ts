/**
 * Differential attention in float64, one query row at a time, as the formula says it:
 *   out = softmax(s q1 K1ᵀ) V − λ softmax(s q2 K2ᵀ) V over the keys that the row sees,
 * then outputScale · RMSNorm(out) if asked. Hidden keys and values are never touched.
 */

import type { Operand, Source } from './operand.js';
import {
  type MapOptions,
  type MapProblem,
  mapProblem,
  type Options,
  type Problem,
  problem,
} from './problem.js';

// Taken out once: in a vm context, such as jest, every look at a global is slow.
const { exp, max: larger } = Math;

/** A result of the reference. */
export interface Values {
  /** Row-major. */
  readonly data: Float64Array;
  /** Lengths, outermost first. */
  readonly shape: readonly number[];
}

/** With `returnLse: true`. */
export interface ValuesWithLse {
  /** [B, rows, H, Dv] */
  readonly out: Values;
  /** [2, B, H, rows], natural logarithm. */
  readonly lse: Values;
}

/** [N, width], row-major. */
export interface Matrix {
  readonly data: Float64Array;
  readonly width: number;
}

/** The two maps' operands of one differential head. */
export interface MapHead {
  readonly b: number;
  readonly h: number;
  readonly queries: readonly [Matrix, Matrix];
  readonly keys: readonly [Matrix, Matrix];
}

export interface Head extends MapHead {
  readonly values: Matrix;
}

/** One row of one map: the weight of each visible key. */
export interface SoftmaxRow {
  readonly weights: Float64Array;
  readonly max: number;
  readonly lse: number;
}

export interface Row {
  /** The visible keys. */
  readonly keys: readonly number[];
  readonly maps: readonly [SoftmaxRow, SoftmaxRow];
  readonly lambda: number;
  /** The difference of the two weighted sums, before the norm. */
  readonly difference: Float64Array;
  readonly out: Float64Array;
}

/**
 * out is [B, rows, H, Dv], lse [2, B, H, rows] with the natural logarithm.
 *
 * @throws TypeError, RangeError as diffAttention of the engines does
 */
export function diffAttention(
  q: Source,
  k: Source,
  v: Source,
  options: Options & { returnLse: true },
): ValuesWithLse;
export function diffAttention(
  q: Source,
  k: Source,
  v: Source,
  options: Options & { returnLse?: false | undefined },
): Values;
export function diffAttention(
  q: Source,
  k: Source,
  v: Source,
  options: Options,
): Values | ValuesWithLse;
export function diffAttention(q: Source, k: Source, v: Source, options: Options) {
  const p = problem(q, k, v, options);
  const count = p.rows.length;
  const out = zeros([p.batchSize, count, p.numHeads, p.valueDim]);
  const lse = zeros([2, p.batchSize, p.numHeads, count]);
  for (const head of heads(p)) {
    const { b, h } = head;
    p.rows.forEach((row, r) => {
      const result = attendRow(p, head, row);
      out.data.set(result.out, ((b * count + r) * p.numHeads + h) * p.valueDim);
      result.maps.forEach((map, m) => {
        lse.data[((m * p.batchSize + b) * p.numHeads + h) * count + r] = map.lse;
      });
    });
  }
  return p.returnLse ? { out, lse } : out;
}

/**
 * The two softmax maps, [2, B, H, rows, Nk]; hidden keys have weight 0.
 *
 * @param options may be those of diffAttention: the maps do not depend on the others
 * @throws TypeError, RangeError as diffAttention does
 */
export function attentionMaps(q: Source, k: Source, options: MapOptions = {}): Values {
  const p = mapProblem(q, k, options);
  const count = p.rows.length;
  const maps = zeros([2, p.batchSize, p.numHeads, count, p.seqlenK]);
  for (const head of mapHeads(p)) {
    const { b, h } = head;
    p.rows.forEach((row, r) => {
      const keys = p.visible(row);
      softmaxRows(p, head, row, keys).forEach(({ weights }, m) => {
        const start = (((m * p.batchSize + b) * p.numHeads + h) * count + r) * p.seqlenK;
        keys.forEach((key, n) => {
          maps.data[start + key] = weights[n] as number;
        });
      });
    });
  }
  return maps;
}

export function* mapHeads(p: MapProblem): Generator<MapHead> {
  for (let b = 0; b < p.batchSize; b += 1) {
    for (let h = 0; h < p.numHeads; h += 1) {
      const g = Math.floor(h / (p.numHeads / p.numKvHeads));
      const [q1, q2] = p.pairing.query(h, p.numHeads);
      const [k1, k2] = p.pairing.key(g, p.numKvHeads);
      yield {
        b,
        h,
        queries: [columns(p.q, b, [q1]), columns(p.q, b, [q2])],
        keys: [columns(p.k, b, [k1]), columns(p.k, b, [k2])],
      };
    }
  }
}

export function* heads(p: Problem): Generator<Head> {
  for (const head of mapHeads(p)) {
    const g = Math.floor(head.h / (p.numHeads / p.numKvHeads));
    yield { ...head, values: columns(p.v, head.b, p.pairing.value(g, p.numKvHeads)) };
  }
}

export function attendRow(p: Problem, head: Head, row: number): Row {
  const keys = p.visible(row);
  const maps = softmaxRows(p, head, row, keys);
  const lambda = p.lambda(head.b, row, head.h);
  const [sum1, sum2] = maps.map(({ weights }) => weightedSum(weights, head.values, keys));
  const difference = (sum1 as Float64Array).map((x, d) => x - lambda * (sum2?.[d] ?? 0));
  const empty = maps.every(({ lse }) => lse === -Infinity);
  const out = empty ? difference.fill(0) : normalise(p, difference);
  return { keys, maps, lambda, difference, out };
}

function softmaxRows(p: MapProblem, head: MapHead, row: number, keys: readonly number[]) {
  const map = (m: 0 | 1) =>
    softmax(logits(head.queries[m], row, head.keys[m], keys, p.softmaxScale));
  return [map(0), map(1)] as const;
}

function logits(q: Matrix, row: number, k: Matrix, keys: readonly number[], scale: number) {
  const query = q.data.subarray(row * q.width, (row + 1) * q.width);
  const s = new Float64Array(keys.length);
  for (let n = 0; n < s.length; n += 1) s[n] = scale * dot(query, k, keys[n] as number);
  return s;
}

function dot(query: Float64Array, { data, width }: Matrix, key: number): number {
  let sum = 0;
  for (let d = 0; d < width; d += 1) {
    sum += (query[d] as number) * (data[key * width + d] as number);
  }
  return sum;
}

/** Of no keys, or of keys whose logits are all −Infinity: weights 0, lse −Infinity. */
function softmax(s: Float64Array): SoftmaxRow {
  const max = s.reduce((a, b) => larger(a, b), -Infinity);
  if (max === -Infinity) return { weights: s.fill(0), max, lse: -Infinity };
  const exps = s.map((x) => exp(x - max));
  const sum = exps.reduce((a, b) => a + b, 0);
  return { weights: exps.map((x) => x / sum), max, lse: max + Math.log(sum) };
}

function weightedSum(weights: Float64Array, v: Matrix, keys: readonly number[]): Float64Array {
  const sum = new Float64Array(v.width);
  for (let n = 0; n < keys.length; n += 1) add(sum, weights[n] as number, v, keys[n] as number);
  return sum;
}

function add(sum: Float64Array, weight: number, { data, width }: Matrix, key: number): void {
  for (let d = 0; d < width; d += 1) {
    sum[d] = (sum[d] as number) + weight * (data[key * width + d] as number);
  }
}

function normalise({ subln, outputScale }: Problem, x: Float64Array): Float64Array {
  if (!subln) return x.map((value) => outputScale * value);
  const meanSquare = x.reduce((sum, value) => sum + value * value, 0) / x.length;
  const rms = Math.sqrt(meanSquare + subln.eps);
  return x.map((value, d) => (outputScale * value * (subln.weight[d] as number)) / rms);
}

/** Heads of one batch side by side, [N, heads × D]. */
function columns(operand: Operand, b: number, chosen: readonly number[]): Matrix {
  const [, length = 0, numHeads = 0, dim = 0] = operand.shape;
  const width = chosen.length * dim;
  const data = new Float64Array(length * width);
  for (let n = 0; n < length; n += 1) {
    chosen.forEach((head, c) => {
      const start = ((b * length + n) * numHeads + head) * dim;
      data.set(operand.data.subarray(start, start + dim), n * width + c * dim);
    });
  }
  return { data, width };
}

function zeros(shape: readonly number[]): Values {
  return { data: new Float64Array(shape.reduce((a, b) => a * b, 1)), shape };
}

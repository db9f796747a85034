/**
 * The plain computation of one row that a result is measured against: unfused, whole rows of
 * scores, in the precision of the inputs. Scores, softmax and sums are float32, every operation
 * rounded; the normalised weights are rounded to the input dtype before they meet the values, the
 * result too.
 */

import type { DType } from '../dtype.js';
import type { Head, Matrix } from './attention.js';
import { roundTo } from './half.js';
import type { Problem } from './problem.js';

export interface PlainRow {
  readonly out: Float64Array;
  readonly lse: readonly [number, number];
}

const { exp, fround: f, max: larger } = Math;

export function plainRow(p: Problem, head: Head, row: number, dtype: DType): PlainRow {
  const keys = p.visible(row);
  const map = (m: 0 | 1) => plainMap(p, head, m, row, keys, dtype);
  const [map1, map2] = [map(0), map(1)];
  const lambda = f(p.lambda(head.b, row, head.h));
  const difference = map1.sum.map((x, d) => x - f(lambda * (map2.sum[d] as number)));
  const out = Float64Array.from(normalise(p, difference), (x) => roundTo(dtype, x));
  return { out, lse: [map1.lse, map2.lse] };
}

function plainMap(
  p: Problem,
  head: Head,
  m: 0 | 1,
  row: number,
  keys: readonly number[],
  dtype: DType,
) {
  const sum = new Float32Array(head.values.width);
  const s = scores(head.queries[m], row, head.keys[m], keys, f(p.softmaxScale));
  const max = s.reduce((a, b) => larger(a, b), -Infinity);
  if (max === -Infinity) return { sum, lse: -Infinity };
  const exps = s.map((x) => exp(f(x - max)));
  const total = exps.reduce((a, b) => f(a + b), 0);
  keys.forEach((key, n) => {
    const weight = roundTo(dtype, f((exps[n] as number) / total));
    add(sum, weight, head.values, key);
  });
  return { sum, lse: f(max + f(Math.log(total))) };
}

function scores(q: Matrix, row: number, k: Matrix, keys: readonly number[], scale: number) {
  const query = q.data.subarray(row * q.width, (row + 1) * q.width);
  const s = new Float32Array(keys.length);
  for (let n = 0; n < s.length; n += 1) s[n] = scale * dot(query, k, keys[n] as number);
  return s;
}

function dot(query: Float64Array, { data, width }: Matrix, key: number): number {
  let sum = 0;
  for (let d = 0; d < width; d += 1) {
    sum = f(sum + f((query[d] as number) * (data[key * width + d] as number)));
  }
  return sum;
}

function add(sum: Float32Array, weight: number, { data, width }: Matrix, key: number): void {
  for (let d = 0; d < width; d += 1) {
    sum[d] = (sum[d] as number) + f(weight * (data[key * width + d] as number));
  }
}

function normalise({ subln, outputScale }: Problem, x: Float32Array): Float32Array {
  const scale = f(outputScale);
  if (!subln) return x.map((value) => scale * value);
  const sumSquares = x.reduce((sum, value) => f(sum + f(value * value)), 0);
  const inverse = f(1 / Math.sqrt(f(f(sumSquares / x.length) + f(subln.eps))));
  return x.map((value, d) => f(f(value * inverse) * (subln.weight[d] as number)) * scale);
}

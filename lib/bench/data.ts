/**
 * Inputs that every program of the benchmark can make for itself, bit for bit: element i is entry
 * hash(i, seed) of a table of 4,096 quantiles of the normal distribution in bfloat16.
 */

import { toBits } from '../reference.js';

const kSize = 4096;

/** The table, as bits. Written by the main program, read by the peers: one rounding for all. */
export function normalTable(): Uint16Array {
  return toBits(
    Float64Array.from({ length: kSize }, (_, i) => normalQuantile((i + 0.5) / kSize)),
    'bfloat16',
  );
}

export function fill(count: number, seed: number, table: Uint16Array): Uint16Array {
  const values = new Uint16Array(count);
  for (let i = 0; i < count; i += 1) {
    let x = Math.imul(i ^ seed, 0x9e3779b1);
    x ^= x >>> 15;
    x = Math.imul(x, 0x85ebca6b);
    x ^= x >>> 13;
    values[i] = table[(x >>> 8) & (kSize - 1)] as number;
  }
  return values;
}

/** Acklam's rational approximation, relative error 1e-9. */
function normalQuantile(p: number): number {
  const tail = Math.min(p, 1 - p);
  if (tail < 0.02425) {
    const q = Math.sqrt(-2 * Math.log(tail));
    const value = polynomial(kTail, q) / polynomial(kTailBelow, q);
    return p < 0.5 ? value : -value;
  }
  const q = p - 0.5;
  const r = q * q;
  return (q * polynomial(kCentre, r)) / polynomial(kCentreBelow, r);
}

const kTail = [
  -7.784894002430293e-3, -0.3223964580411365, -2.400758277161838, -2.549732539343734,
  4.374664141464968, 2.938163982698783,
];
const kTailBelow = [
  7.784695709041462e-3, 0.3224671290700398, 2.445134137142996, 3.754408661907416, 1,
];
const kCentre = [
  -39.69683028665376, 220.9460984245205, -275.9285104469687, 138.357751867269, -30.66479806614716,
  2.506628277459239,
];
const kCentreBelow = [
  -54.47609879822406, 161.5858368580409, -155.6989798598866, 66.80131188771972, -13.28068155288572,
  1,
];

function polynomial(coefficients: readonly number[], x: number): number {
  return coefficients.reduce((sum, c) => sum * x + c, 0);
}

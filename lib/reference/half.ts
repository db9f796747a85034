/** The half precisions by their definition: conversions to and from bits, nearest even. */

import type { DType } from '../dtype.js';

/** The two 16-bit types. */
export type HalfDType = Exclude<DType, 'float32'>;

/** Bits of the significand, the leading one included, and the range of exponents. */
const kFormats = {
  float32: { precision: 24, least: -126, most: 127 },
  float16: { precision: 11, least: -14, most: 15 },
  bfloat16: { precision: 8, least: -126, most: 127 },
};

/** Adding and subtracting it leaves an integer in float64: the nearest one, ties to even. */
const kRounder = 2 ** 52;

// Taken out once: in a vm context, such as jest, every look at a global is slow.
const { abs, fround, max: larger, sign } = Math;
const { isFinite: finite, isNaN: missing, NaN: nan, POSITIVE_INFINITY: infinity } = Number;

const float64 = new Float64Array(1);
const words = new Uint32Array(float64.buffer);
const float32 = new Float32Array(1);
const word = new Uint32Array(float32.buffer);

/** Largest relative error of rounding to `dtype`, half a unit in the last place. */
export function unitRoundoff(dtype: DType): number {
  return 2 ** -kFormats[dtype].precision;
}

/** The nearest value that `dtype` can hold. */
export function roundTo(dtype: DType, value: number): number {
  if (dtype === 'float32') return fround(value);
  if (value === 0 || !finite(value)) return value;
  const { precision, least, most } = kFormats[dtype];
  const exponent = larger(exponentOf(value), least);
  const ulp = powerOfTwo(exponent - precision + 1);
  const magnitude = (abs(value) / ulp + kRounder - kRounder) * ulp;
  return sign(value) * (magnitude < 2 * powerOfTwo(most) ? magnitude : infinity);
}

/** Each value rounded to `dtype`, as bits. */
export function toBits(values: ArrayLike<number>, dtype: HalfDType): Uint16Array {
  const encode = dtype === 'float16' ? float16Bits : bfloat16Bits;
  const bits = new Uint16Array(values.length);
  for (let i = 0; i < bits.length; i += 1) bits[i] = encode(roundTo(dtype, values[i] as number));
  return bits;
}

/** The values that bits stand for. */
export function fromBits(bits: ArrayLike<number>, dtype: HalfDType): Float64Array {
  const decode = dtype === 'float16' ? float16Value : bfloat16Value;
  const values = new Float64Array(bits.length);
  for (let i = 0; i < values.length; i += 1) values[i] = decode(bits[i] as number);
  return values;
}

function exponentOf(value: number): number {
  float64[0] = value;
  return (((words[1] as number) >>> 20) & 0x7ff) - 1023;
}

function powerOfTwo(exponent: number): number {
  words[0] = 0;
  words[1] = (exponent + 1023) << 20;
  return float64[0] as number;
}

function bfloat16Bits(value: number): number {
  float32[0] = value;
  return (word[0] as number) >>> 16;
}

function bfloat16Value(bits: number): number {
  word[0] = bits << 16;
  return float32[0] as number;
}

function float16Bits(value: number): number {
  if (missing(value)) return 0x7e00;
  const sign = value < 0 || 1 / value < 0 ? 0x8000 : 0;
  const magnitude = abs(value);
  if (!finite(value)) return sign | 0x7c00;
  if (magnitude < 2 ** -14) return sign | (magnitude * 2 ** 24);
  const exponent = exponentOf(magnitude);
  return sign | ((exponent + 15) << 10) | (magnitude * 2 ** (10 - exponent) - 1024);
}

function float16Value(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >>> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? nan : sign * infinity;
  return sign * (1024 + fraction) * 2 ** (exponent - 25);
}

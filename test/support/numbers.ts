import { fromBits } from 'flashdiff/reference';

/** The numbers that `data()` gave, as such: bits decoded. */
export function numbersOf(data: ArrayLike<number>, dtype: string): number[] {
  const isBits = Object.prototype.toString.call(data) === '[object Uint16Array]';
  return isBits ? [...fromBits(data, dtype as 'float16' | 'bfloat16')] : Array.from(data);
}

/** Largest magnitude. */
export function largest(values: ArrayLike<number>): number {
  let max = 0;
  for (let i = 0; i < values.length; i += 1) max = Math.max(max, Math.abs(values[i] as number));
  return max;
}

/** Between arrays of one length; NaN when an element is NaN in one of them. */
export function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) throw new RangeError(`lengths ${a.length} and ${b.length}`);
  return largest(Array.from(a, (x, i) => x - (b[i] as number)));
}

/** Whether all elements are the same: NaN is NaN, 0 is not −0. Quicker than toEqual. */
export function identical(a: ArrayLike<number>, b: ArrayLike<number>): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i += 1) if (!Object.is(a[i], b[i])) return false;
  return true;
}

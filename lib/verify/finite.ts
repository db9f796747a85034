/** Looks for NaN and Infinity in values and in bits of either half precision. */

// Taken out once: in a vm context, such as jest, every look at a global is slow.
const { isFinite: finite } = Number;

interface Elements {
  readonly data: ArrayLike<number>;
  readonly dtype?: string;
}

/** All ones in NaN and Infinity. */
const kExponents: Readonly<Record<string, number>> = { float16: 0x7c00, bfloat16: 0x7f80 };

/** The index of the first element that is no number, but for `legal`; −1: there is none. */
export function firstNotFinite({ data, dtype = 'float32' }: Elements, legal?: number): number {
  const isBits = Object.prototype.toString.call(data) === '[object Uint16Array]';
  const exponent = isBits ? (kExponents[dtype] ?? 0) : 0;
  for (let i = 0; i < data.length; i += 1) {
    const value = data[i] as number;
    if (exponent > 0 ? (value & exponent) !== exponent : finite(value) || value === legal) continue;
    return i;
  }
  return -1;
}

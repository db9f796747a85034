/**
 * The rule: a result may err twice as much as the plain unfused computation in the same precision
 * (plain.ts), plus a floor for what any rounding costs, and NaN and Infinity must sit where the
 * formula puts them. No tolerance is tuned.
 *
 * Rows of few keys have large errors and rows of many keys small ones, so a bound on the largest
 * error alone would not see that a long row missed a key. Errors are therefore also measured in a
 * unit of the row's own: what independent roundings of its weights and its result add up to.
 *   limit = 2 min(max plain, max(plain / unit) · unit) + floor
 */

// Taken out once: in a vm context, such as jest, every look at a global is slow.
const { abs } = Math;
const { isNaN: missing, POSITIVE_INFINITY: infinity } = Number;
const { is } = Object;

/** One row of a result. */
export interface Sample {
  /** Index into the whole tensor of element `d` of the row. */
  readonly at: (d: number) => readonly number[];
  readonly values: ArrayLike<number>;
  readonly expected: ArrayLike<number>;
  readonly plain: ArrayLike<number>;
  readonly unit: number;
  readonly floor: number;
}

/** One element of a result, judged. */
export interface Element {
  /** Its place in the whole tensor. */
  readonly index: readonly number[];
  /** What the result holds. */
  readonly value: number;
  /** What the reference says. */
  readonly expected: number;
  /** What the plain computation gives. */
  readonly plain: number;
  /** Largest error that the rule allows here. */
  readonly limit: number;
}

/** The rule's word on one tensor. */
export interface Judgement {
  /** Every element is within its limit. */
  readonly ok: boolean;
  /** Largest error of the result; Infinity where NaN or Infinity sit in the wrong place. */
  readonly error: number;
  /** Largest error of the plain computation. */
  readonly plainError: number;
  /** Largest floor of a row. */
  readonly floor: number;
  /** Largest error as a share of what the rule allows there; at most 1 when ok. */
  readonly share: number;
  /** The element that comes nearest to its limit, or goes farthest beyond. */
  readonly worst: Element | undefined;
}

export function judge(samples: readonly Sample[]): Judgement {
  const plainErrors = samples.map(({ plain, expected }) =>
    largest(Array.from(expected, (want, d) => distance(plain[d] as number, want))),
  );
  const plainError = largest(plainErrors);
  const plainUnits = largest(plainErrors.map((e, i) => e / (samples[i]?.unit || Infinity)));
  let [ok, error, nearest] = [true, 0, -1];
  let worst: Element | undefined;
  for (const { at, values, expected, plain, unit, floor } of samples) {
    const limit = 2 * Math.min(plainError, plainUnits * unit) + floor;
    for (let d = 0; d < expected.length; d += 1) {
      const [value, want] = [values[d] as number, expected[d] as number];
      const difference = distance(value, want);
      if (difference > error) error = difference;
      ok &&= difference <= limit;
      const share = difference === 0 ? 0 : difference / limit;
      if (share <= nearest) continue;
      nearest = share;
      worst = { index: at(d), value, expected: want, plain: plain[d] as number, limit };
    }
  }
  const floor = largest(samples.map((sample) => sample.floor));
  return { ok, error, plainError, floor, share: Math.max(nearest, 0), worst };
}

/** One line: the errors, and the worst element. */
export function verdictOf(
  name: string,
  { ok, error, plainError, floor, worst }: Judgement,
): string {
  const e = (x: number) => x.toExponential(2);
  const errors = `error ${e(error)}, plain ${e(plainError)}, floor ${e(floor)}`;
  const verdict = `${name}: ${ok ? 'within' : 'BEYOND'} the rule, ${errors}`;
  if (!worst) return `${verdict}; no elements`;
  const { index, value, expected, plain, limit } = worst;
  const own = `${e(distance(value, expected))} of ${e(limit)} allowed`;
  const values = `got ${value}, expected ${expected}, plain ${plain}`;
  return `${verdict}; worst at [${index}]: ${values}, ${own}`;
}

/** Infinity where not both are finite, or the same NaN or Infinity. */
function distance(value: number, expected: number): number {
  if (is(value, expected)) return 0;
  const difference = abs(value - expected);
  return missing(difference) ? infinity : difference;
}

/** Largest magnitude of the finite ones. */
export function largest(values: ArrayLike<number>): number {
  let max = 0;
  for (let i = 0; i < values.length; i += 1) {
    const magnitude = abs(values[i] as number);
    if (magnitude > max && magnitude < infinity) max = magnitude;
  }
  return max;
}

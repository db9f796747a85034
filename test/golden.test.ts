import { diffAttention as reference } from 'flashdiff/reference';
import { type DType, kDTypes } from '../dist/dtype.js';
import { type Values, valuesOf } from '../dist/verify/problem.js';
import { devices } from './support/devices.js';
import { expectWithinRule } from './support/expect.js';
import { goldenCases } from './support/golden.js';
import { largest, largestDifference } from './support/numbers.js';

// The records are float32, and Hugging Face's softmax is float32 inside: a few units in the last
// place of the largest element, which the norm's weight and 1 / rms may magnify.
const kUlps = 8;

const rows = goldenCases().flatMap(({ name, q, k, v, options, attention, normed }) => [
  { name: `${name}, attention`, q, k, v, options, expected: attention },
  ...(normed ? [{ name: `${name}, normed and scaled`, q, k, v, ...normed }] : []),
]);

test('there are five implementations', () => {
  expect(rows).toHaveLength(9);
});

describe('the reference', () => {
  test.each(rows)('$name', ({ q, k, v, options, expected }) => {
    const { data, shape } = reference(q, k, v, { ...options, returnLse: false });
    expect(shape).toEqual(expected.shape);
    const worst = largestDifference(data, expected.data);
    expect(worst).toBeLessThan(kUlps * 2 ** -24 * largest(expected.data));
  });
});

describe.each(devices())('%s', (device) => {
  const kinds = device === 'cpu' ? kDTypes : kDTypes.filter((dtype) => dtype !== 'float32');
  describe.each(kinds)('%s', (dtype: DType) => {
    const round = ({ data, shape }: Values) => valuesOf(data as Float32Array, shape, dtype);
    test.each(rows)('$name', async ({ name, q, k, v, options }) => {
      const problem = { name, q: round(q), k: round(k), v: round(v), options };
      await expectWithinRule({ ...problem, options: { ...options, returnLse: true } }, { device });
    });
  });
});

import { check } from 'flashdiff/reference';
import { type DType, kDTypes } from '../dist/dtype.js';
import { type Values, valuesOf } from '../dist/verify/problem.js';
import { devices } from './support/devices.js';
import { expectWithinRule } from './support/expect.js';
import { goldenCases } from './support/golden.js';

const rows = goldenCases().flatMap(({ name, q, k, v, options, attention, normed }) => [
  { name: `${name}, attention`, q, k, v, options, expected: attention },
  ...(normed ? [{ name: `${name}, normed and scaled`, q, k, v, ...normed }] : []),
]);

test('there are five implementations', () => {
  expect(rows).toHaveLength(9);
});

// Records that PyTorch computed in float32, held to the rule as any result is.
describe('the reference', () => {
  test.each(rows)('$name', ({ q, k, v, options, expected }) => {
    const { ok, message } = check(expected, q, k, v, options);
    expect([ok, message]).toEqual([true, message]);
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

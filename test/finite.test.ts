/** What is not sampled is looked at all the same. */

import { Tensor } from 'flashdiff';
import { toBits } from 'flashdiff/reference';
import { kDTypes } from '../dist/dtype.js';
import { computeAndCheck } from '../dist/verify/compute.js';
import { firstNotFinite } from '../dist/verify/finite.js';
import { problemOf } from '../dist/verify/problem.js';
import { base } from './support/base.js';

describe.each(kDTypes)('%s', (dtype) => {
  const values = (...numbers: number[]) => ({
    data: dtype === 'float32' ? Float32Array.from(numbers) : toBits(numbers, dtype),
    dtype,
  });

  test.each([NaN, Infinity, -Infinity])('%d is found', (stranger) => {
    expect(firstNotFinite(values(0, -65504, 1e-7, stranger, 1, stranger))).toBe(3);
  });

  test('numbers are none', () => expect(firstNotFinite(values(0, -0, 65504, 1e-7))).toBe(-1));
});

test('one infinity may be legal, the other is not', () => {
  const data = Float32Array.of(-Infinity, 1, Infinity);
  expect(firstNotFinite({ data }, -Infinity)).toBe(2);
});

describe('a result with a NaN in a row that is not sampled', () => {
  const kWidth = 2 * 128; // of a row: 2 heads of 128
  const original = Tensor.prototype.data;
  beforeAll(() => {
    jest.spyOn(Tensor.prototype, 'data').mockImplementation(async function (this: Tensor) {
      const data = (await original.call(this)) as Uint16Array | Float32Array;
      if (this.shape.at(-1) === 128) data[50 * kWidth] = 0x7fff; // of bfloat16
      return data;
    });
  });
  afterAll(() => jest.restoreAllMocks());

  const problem = problemOf(base, '');

  test('is refused', async () => {
    const { ok, message } = await computeAndCheck(problem, { device: 'cpu', rows: [0, 129] });
    expect(ok).toBe(false);
    expect(message).toContain(`out: element ${50 * kWidth} is NaN or infinite, and no input is`);
  });

  test('passes where an input is none', async () => {
    const k = { ...problem.k, data: problem.k.data.slice() };
    k.data[0] = 0x7f80; // Infinity
    const { message } = await computeAndCheck({ ...problem, k }, { device: 'cpu', rows: [0] });
    expect(message).not.toContain('no input is');
  });
});

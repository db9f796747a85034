import { check } from 'flashdiff/reference';
import type { Case } from '../dist/verify/cases.js';
import { type Problem, problemOf, type Values } from '../dist/verify/problem.js';
import { base, changed, dtypesOf } from './support/base.js';
import { devices } from './support/devices.js';
import { compute, expectWithinRule, type Results, resultOf } from './support/expect.js';
import { largest, largestDifference, numbersOf } from './support/numbers.js';

// What must hold without an oracle. u: half a unit in the last place of the dtype.
const roundoff = { float32: 2 ** -24, float16: 2 ** -11, bfloat16: 2 ** -8 };
/** Roundings in float32 between the sums over the keys and the result. */
const kArithmetic = 8 * roundoff.float32;

/** With other elements in the heads of map 2, of layout v1; `element` gets the flat index. */
function withMap2(x: Values, element: (i: number) => number | undefined): Values {
  const data = x.data.map((old, i) => {
    const isMap2 = Math.floor(i / base.headDim) % 2 === 1;
    return isMap2 ? (element(i) as number) : old;
  });
  return { ...x, data };
}

const valuesOf = ({ data, dtype }: Results['out']) => numbersOf(data, dtype);
const kLeastNormal = 2 ** -14; // of float16

const scaled = (values: number[], factor: number) => values.map((x) => x * factor);

describe.each(devices())('%s', (device) => {
  describe.each(dtypesOf(device))('%s', (dtype) => {
    const u = roundoff[dtype];
    const problem = (fields: Partial<Case> = {}) => problemOf({ ...base, dtype, ...fields }, dtype);
    const run = (p: Problem, options: Partial<Problem['options']> = {}) =>
      compute({ ...p, options: { ...p.options, ...options } }, { device });

    test('λ = 0 is ordinary attention: map 2 does not matter', async () => {
      const p = problem({ mask: { causal: true } });
      const other = problem({ seed: base.seed + 1 });
      const mixed = {
        ...p,
        q: withMap2(p.q, (i) => other.q.data[i]),
        k: withMap2(p.k, (i) => other.k.data[i]),
      };
      const [a, b] = [await run(p, { lambda: 0 }), await run(mixed, { lambda: 0 })];
      expect(valuesOf(a.out)).toEqual(valuesOf(b.out));
      await expectWithinRule({ ...p, options: { ...p.options, lambda: 0 } }, { device });
    });

    test('equal maps give (1 − λ) · attention', async () => {
      const different = problem({ mask: { causal: true } });
      const twin = (x: Values) => withMap2(x, (i) => x.data[i - base.headDim]);
      const p = { ...different, q: twin(different.q), k: twin(different.k) };
      const lambda = 0.75;
      const attention = valuesOf((await run(p, { lambda: 0 })).out);
      const { out, lse } = await run(p, { lambda });
      const size = largest(attention);
      const bound = u * 2 * (1 - lambda) * size + kArithmetic * (1 + lambda) * size;
      const expected = scaled(attention, 1 - lambda);
      expect(largestDifference(valuesOf(out), expected)).toBeLessThanOrEqual(bound);
      const logs = Array.from(lse?.data ?? []);
      expect(logs.slice(0, logs.length / 2)).toEqual(logs.slice(logs.length / 2));
    });

    test('values of one give 1 − λ', async () => {
      const p = problem();
      const ones = { ...p, v: changed(p.v, () => 1) };
      const lambda = 0.3;
      const out = valuesOf((await run(ones, { lambda })).out);
      // Each weight may be rounded to the dtype, so each sum of weights may be off by u.
      const bound = u * (1 + lambda) + u * (1 - lambda) + kArithmetic * (1 + lambda);
      const expected = out.map(() => 1 - lambda);
      expect(largestDifference(out, expected)).toBeLessThanOrEqual(bound);
    });

    test('the order of keys that all see does not matter', async () => {
      const p = problem({ seqlenQ: 40 });
      const turned = (x: Values) => {
        const row = x.data.length / (x.shape[1] as number);
        const data = x.data.slice();
        for (let n = 0; n < base.seqlenK; n += 1) {
          const from = ((n * 37 + 11) % base.seqlenK) * row;
          data.set(x.data.subarray(from, from + row), n * row);
        }
        return { ...x, data };
      };
      const shuffled = await run({ ...p, k: turned(p.k), v: turned(p.v) });
      const { ok, message } = check(resultOf(shuffled), p.q, p.k, p.v, p.options);
      expect([ok, message]).toEqual([true, message]);
    });

    test('runs repeat bit for bit, also side by side', async () => {
      const p = problem({ batchSize: 2, mask: { causal: true }, subln: 'weight' });
      const first = await run(p);
      const others = await Promise.all([run(p), run(problem({ seed: 99 })), run(p), run(p)]);
      for (const other of [others[0], others[2], others[3]]) expect(other).toEqual(first);
      expect(others[1]).not.toEqual(first);
    });

    test('a batch of two equal elements gives the same twice', async () => {
      const p = problem({ mask: { causal: true } });
      const twice = (x: Values) => {
        const length = 2 * x.data.length;
        const data = dtype === 'float32' ? new Float32Array(length) : new Uint16Array(length);
        data.set(x.data);
        data.set(x.data, x.data.length);
        return { ...x, data, shape: [2, ...x.shape.slice(1)] };
      };
      const one = valuesOf((await run(p)).out);
      const two = valuesOf((await run({ ...p, q: twice(p.q), k: twice(p.k), v: twice(p.v) })).out);
      expect(two).toEqual([...one, ...one]);
    });

    test('powers of two pass through unrounded', async () => {
      const p = problem({ mask: { causal: true } });
      const doubled = (x: Values) => {
        const values = numbersOf(x.data, dtype);
        let i = 0;
        return changed(x, () => 2 * (values[i++] as number));
      };
      const out = valuesOf((await run(p)).out);
      // Numbers too small for a leading one have fewer digits than their doubles.
      const isNormal = (_: number, i: number) => Math.abs(out[i] as number) >= kLeastNormal;
      const double = scaled(out, 2).filter(isNormal);
      const doubleV = valuesOf((await run({ ...p, v: doubled(p.v) })).out);
      expect(doubleV.filter(isNormal)).toEqual(double);
      const doubleScale = valuesOf((await run(p, { outputScale: 2 })).out);
      expect(doubleScale.filter(isNormal)).toEqual(double);
      const softmaxScale = 1 / 16; // of D = 64: half the default
      expect(valuesOf((await run({ ...p, q: doubled(p.q) }, { softmaxScale })).out)).toEqual(out);
    });
  });
});

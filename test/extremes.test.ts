/** Ends of what is legal: scales, sizes of groups, places in memory, rows unlike their neighbours. */

import { diffAttention, Tensor } from 'flashdiff';
import type { Case } from '../dist/verify/cases.js';
import { problemOf } from '../dist/verify/problem.js';
import { base, changed, dtypesOf } from './support/base.js';
import { devices } from './support/devices.js';
import { compute, expectWithinRule } from './support/expect.js';

describe.each(devices())('%s', (device) => {
  describe.each(dtypesOf(device))('%s', (dtype) => {
    const problem = (fields: Partial<Case>) =>
      problemOf({ ...base, dtype, ...fields }, `${JSON.stringify(fields)} ${dtype}`);

    test.each([64, 96, 128])('D = %i: large equal logits beside growing ones', async (headDim) => {
      // Every other row's logits grow by 1/8 a key, e⁸ a tile. Those of the rows between are equal,
      // and so large that an error of their exponent's rounding, once a tile, would add up.
      const p = problem({ headDim, seqlenQ: 32, seqlenK: 4096 });
      const k = changed(p.k, ([, n, , d]) => (d === 0 ? n / 8 : 30));
      const q = changed(p.q, ([, n, , d]) => {
        if (n % 2 === 1) return d === 0 ? 8 : 0;
        return d === 0 ? 0 : 32;
      });
      const options = { ...p.options, softmaxScale: 1 / 8 };
      await expectWithinRule({ ...p, q, k, options }, { device });
    });

    test.each([0, -0, 1e-38, -1e-38])('a softmaxScale of %d', async (softmaxScale) => {
      const fields: Partial<Case> = { softmaxScale, mask: { causal: true }, seqlenQ: 70 };
      await expectWithinRule(problem(fields), { device });
      const p = problem({ ...fields, infinite: true }); // 0 · Infinity is NaN
      if (softmaxScale === 0) await expectWithinRule(p, { device });
    });

    test('1,024 heads on one key', async () => {
      const p = problem({ heads: [1024, 1], seqlenQ: 2, seqlenK: 1, mask: { causal: true } });
      const { out } = await compute(p, { device });
      const blind = Array.from(out.data).slice(0, out.data.length / 2); // before the key
      expect(blind.every((x) => x === 0)).toBe(true);
      await expectWithinRule(p, { device });
    });

    test.each([64, 96, 128])('D = %i: a weight that starts at any float', async (headDim) => {
      const { q, k, v } = problem({ headDim, seqlenQ: 20 });
      const [tq, tk, tv] = [q, k, v].map((x) => Tensor.from(x, { device })) as Tensor[];
      const numbers = Float32Array.from({ length: 2 * headDim + 3 }, (_, i) => 1 + i / 64);
      const all = Tensor.from(numbers, { device });
      const run = async (weight: Tensor) => {
        const out = diffAttention(tq as Tensor, tk as Tensor, tv as Tensor, {
          lambda: 0.8,
          subln: { weight },
        });
        return out.data();
      };
      for (const begin of [1, 2, 3]) {
        const range = [begin, begin + 2 * headDim] as const;
        const copy = Tensor.from(numbers.slice(...range), { device });
        expect(await run(all.slice(range))).toEqual(await run(copy));
      }
    });
  });
});

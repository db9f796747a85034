import { check, diffAttention, type Options, roundTo } from 'flashdiff/reference';
import type { DType } from '../dist/dtype.js';
import type { Case } from '../dist/verify/cases.js';
import { problemOf } from '../dist/verify/problem.js';
import { base as plain } from './support/base.js';

// The rule itself is tested: honest one-pass arithmetic passes, small wrongs do not.

const base: Case = {
  ...plain,
  heads: [1, 1],
  seqlenQ: 200,
  seqlenK: 200,
  headDim: 32,
  mask: { causal: true },
  seed: 5,
};

const rows = [0, 1, 2, 5, 12, 31, 63, 64, 77, 100, 127, 150, 151, 170, 180, 185, 190, 198, 199];

type Wrong = (out: Float64Array, lse: Float64Array) => void;

/** Judges the reference's own result, rounded, after `wrong` has changed it. */
function judged(c: Case, wrong: Wrong, computed: Partial<Options> = {}) {
  const { q, k, v, options } = problemOf(c, '');
  const { out, lse } = diffAttention(q, k, v, { ...options, ...computed, returnLse: true });
  wrong(out.data, lse.data);
  const rounded = (data: Float64Array, dtype: DType) => data.map((x) => roundTo(dtype, x));
  return check(
    {
      out: { ...out, data: rounded(out.data, c.dtype), dtype: c.dtype },
      lse: { ...lse, data: rounded(lse.data, 'float32'), dtype: 'float32' },
    },
    q,
    k,
    v,
    { ...options, rows },
  );
}

const width = 2 * base.headDim;
const dtypes: DType[] = ['float32', 'float16', 'bfloat16'];
const sublns = ['none', 'weight'] as const;

describe.each(dtypes)('%s', (dtype) => {
  describe.each(sublns)('subln %s', (subln) => {
    const c: Case = { ...base, dtype, subln };

    test('the rounded reference passes', () => {
      const { ok, out, lse } = judged(c, () => {});
      expect(ok).toBe(true);
      expect(out.worst?.index).toHaveLength(4);
      expect(lse?.ok).toBe(true);
    });

    test('a key that each row misses or sees too much shows', () => {
      expect(judged(c, () => {}, { window: [-1, -1], causal: false }).ok).toBe(false);
      expect(judged(c, () => {}, { window: [180, 0] }).out.ok).toBe(false);
      expect(
        judged({ ...c, mask: { causal: true, window: [150, 0] } }, () => {}, { window: [149, 0] })
          .out.ok,
      ).toBe(false);
    });

    test('one wrong element in a long row shows', () => {
      const { q, k, v, options } = problemOf(c, '');
      const { data } = diffAttention(q, k, v, { ...options, returnLse: false });
      const at = 180 * width + 7;
      const scale = Math.max(...data.subarray(180 * width, 181 * width).map(Math.abs));
      const report = judged(c, (out) => {
        out[at] = (out[at] as number) + 0.1 * scale;
      });
      expect(report.ok).toBe(false);
      expect(report.out.worst?.index).toEqual([0, 180, 0, 7]);
      expect(report.message).toMatch(/BEYOND the rule.* worst at \[0,180,0,7\]/);
    });

    test('another λ, scale or head shows', () => {
      expect(judged(c, () => {}, { lambda: 0.85 }).out.ok).toBe(false);
      expect(judged(c, () => {}, { softmaxScale: 0.13 }).ok).toBe(false);
      expect(judged(c, () => {}, { layout: 'v1', outputScale: 1.05 }).out.ok).toBe(false);
    });

    test('NaN and Infinity must sit in their places', () => {
      expect(judged(c, (out) => out.fill(NaN, 3, 4)).ok).toBe(false);
      expect(judged(c, (out) => out.fill(Infinity, 3, 4)).ok).toBe(false);
      expect(judged(c, (_, lse) => lse.fill(NaN, 5, 6)).ok).toBe(false);
      expect(judged(c, (_, lse) => lse.fill(-Infinity, 5, 6)).ok).toBe(false);
    });

    test('a wrong lse shows', () => {
      const wrong: Wrong = (_, lse) => {
        lse[77] = (lse[77] as number) * (1 + 2 ** -16);
      };
      const report = judged(c, wrong);
      expect([report.out.ok, report.lse?.ok]).toEqual([true, false]);
      expect(report.lse?.worst?.index).toEqual([0, 0, 0, 77]);
    });
  });
});

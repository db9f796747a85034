import { type Options, roundTo } from 'flashdiff/reference';
import type { Case, MaskOptions } from '../dist/verify/cases.js';
import { type Problem, problemOf, shapesOf, type Values } from '../dist/verify/problem.js';
import { rowsAcross } from '../dist/verify/rows.js';
import { base, changed, dtypesOf } from './support/base.js';
import { devices } from './support/devices.js';
import { compute, expectWithinRule, type Results } from './support/expect.js';
import { identical, largest, largestDifference, numbersOf } from './support/numbers.js';

/** Both sides of the edges of every tile size in use. */
const kEdges = [1, 2, 31, 32, 33, 63, 64, 65, 79, 80, 81, 95, 96, 97, 127, 128, 129];
const kLength = 130;

jest.setTimeout(60_000);

describe.each(devices())('%s', (device) => {
  const run = (p: Problem, options: Partial<Options> = {}) =>
    compute({ ...p, options: { ...p.options, ...options } }, { device });
  /** Row [b = 0, n] of the result, all heads. */
  const row = ({ data, shape, dtype }: Results['out'], n: number) => {
    const width = data.length / (shape[1] as number);
    return numbersOf((data as Float32Array).subarray(n * width, (n + 1) * width), dtype);
  };
  const rowsWhere = (holds: (n: number) => boolean) =>
    Array.from({ length: kLength }, (_, n) => n).filter(holds);
  const logs = ({ lse }: Results) => Array.from(lse?.data ?? []);
  const expectIdentical = (a: Results, b: Results) => {
    expect([a.out.shape, a.lse?.shape]).toEqual([b.out.shape, b.lse?.shape]);
    expect(identical(a.out.data, b.out.data)).toBe(true);
    expect(identical(logs(a), logs(b))).toBe(true);
  };

  describe.each(dtypesOf(device))('%s', (dtype) => {
    const problem = (fields: Partial<Case> = {}) => problemOf({ ...base, dtype, ...fields }, dtype);

    describe('nothing to see', () => {
      test.each([0, 1, 70])('no keys, %i queries', async (seqlenQ) => {
        const p = problem({ seqlenQ, seqlenK: 0, subln: 'weight', batchSize: 2 });
        const { out, lse } = await run(p);
        expect(out.shape).toEqual([2, seqlenQ, 2, 128]);
        expect(Array.from(out.data)).toEqual(Array(2 * seqlenQ * 2 * 128).fill(0));
        expect(lse?.shape).toEqual([2, 2, 2, seqlenQ]);
        expect(Array.from(lse?.data ?? [])).toEqual(Array(2 * 2 * 2 * seqlenQ).fill(-Infinity));
      });

      test.each<[string, Partial<Case>]>([
        ['no batch', { batchSize: 0 }],
        ['no queries', { seqlenQ: 0 }],
        ['no queries and no keys', { seqlenQ: 0, seqlenK: 0 }],
      ])('%s', async (_name, fields) => {
        const { out, lse } = await run(problem(fields));
        const { batchSize, seqlenQ } = { ...base, ...fields };
        expect(out.shape).toEqual([batchSize, seqlenQ, 2, 128]);
        expect(lse?.shape).toEqual([2, batchSize, 2, seqlenQ]);
        expect([out.data.length, lse?.data.length]).toEqual([0, 0]);
      });

      test.each<[string, Options['window'], boolean]>([
        ['causal', undefined, true],
        ['window', [3, 5], false],
      ])('%s: queries before the first key', async (_name, window, causal) => {
        const p = problem({ seqlenQ: kLength, seqlenK: 40, subln: 'plain' });
        const result = await run(p, { causal, window });
        const blind = kLength - 40 - (window ? window[1] : 0);
        const zero = rowsWhere((n) => row(result.out, n).every((x) => x === 0));
        expect(zero).toEqual(rowsWhere((n) => n < blind));
        const infinite = logs(result).map((x) => x === -Infinity);
        expect(infinite).toEqual(infinite.map((_, i) => i % kLength < blind));
        await expectWithinRule({ ...p, options: { ...p.options, causal, window } }, { device });
      });
    });

    describe('hidden NaN and Infinity change nothing', () => {
      const poisons = [NaN, Infinity, -Infinity];

      test.each(kEdges)('from key %i on, causal', async (edge) => {
        const clean = problem({ mask: { causal: true } });
        const poisoned = (x: Values) =>
          changed(x, ([, n, h, d]) => (n >= edge ? poisons[(n + h + d) % 3] : undefined));
        const expected = await run(clean);
        const got = await run({ ...clean, k: poisoned(clean.k), v: poisoned(clean.v) });
        const same = rowsWhere((n) => identical(row(got.out, n), row(expected.out, n)));
        expect(same).toEqual(rowsWhere((n) => n < edge));
        const seen = (_: number, i: number) => i % kLength < edge;
        expect(logs(got).filter(seen)).toEqual(logs(expected).filter(seen));
      });

      // Rows of a tile share instructions with rows whose scores outgrow all before.
      test.each(kEdges)('large keys from %i on, causal', async (edge) => {
        const clean = problem({ mask: { causal: true } });
        const expected = await run(clean);
        for (const large of [300, Infinity]) {
          const k = changed(clean.k, ([, n, , d]) => (n >= edge && d === 3 ? large : undefined));
          const got = await run({ ...clean, k });
          const same = rowsWhere(
            (n) => n < edge && identical(row(got.out, n), row(expected.out, n)),
          );
          expect(same).toEqual(rowsWhere((n) => n < edge));
          const hidden = (_: number, i: number) => i % kLength < edge;
          expect(logs(got).filter(hidden)).toEqual(logs(expected).filter(hidden));
        }
      });

      test.each(kEdges)('before key %i, window', async (edge) => {
        const clean = problem({ seqlenQ: 20, seqlenK: kLength + 20 });
        const window: [number, number] = [kLength - edge, -1];
        const poisoned = (x: Values) =>
          changed(x, ([, n, h, d]) => (n < edge ? poisons[(n + h + d) % 3] : undefined));
        const expected = await run(clean, { window });
        const got = await run({ ...clean, k: poisoned(clean.k), v: poisoned(clean.v) }, { window });
        expectIdentical(got, expected);
      });

      test('between the sinks and the window', async () => {
        const options = { causal: true, window: [10, 0], sinks: 5 } satisfies MaskOptions;
        const clean = problem({ seqlenQ: 8 });
        const hidden = (n: number) => n >= 5 && n < kLength - 8 - 10;
        const poisoned = (x: Values) => changed(x, ([, n]) => (hidden(n) ? NaN : undefined));
        const expected = await run(clean, options);
        const got = await run({ ...clean, k: poisoned(clean.k), v: poisoned(clean.v) }, options);
        expectIdentical(got, expected);
      });
    });

    describe('visible NaN and Infinity reach the rows that see them', () => {
      const options = { causal: true, window: [20, 0], sinks: 1 } satisfies MaskOptions;
      const sees = (n: number, key: number) => key <= n && (key >= n - 20 || key < 1);

      test.each([0, 1, 63, 64, 80, 96, 127, 128])('a key %i of NaN', async (key) => {
        const p = problem();
        const bad = { ...p, k: changed(p.k, ([, n]) => (n === key ? NaN : undefined)) };
        const { out } = await run(bad, options);
        const clean = await run(p, options);
        const lost = rowsWhere((n) => row(out, n).every(Number.isNaN));
        expect(lost).toEqual(rowsWhere((n) => sees(n, key)));
        const same = rowsWhere((n) => identical(row(out, n), row(clean.out, n)));
        expect(same).toEqual(rowsWhere((n) => !sees(n, key)));
      });

      test.each([NaN, Infinity, -Infinity])('values of %d', async (value) => {
        const p = problem({ mask: options });
        const v = changed(p.v, ([, n, , d]) => (n === 70 && d % 5 === 2 ? value : undefined));
        await expectWithinRule({ ...p, v, name: `values of ${value}` }, { device });
      });

      test.each([0, 63, 64, 127, 128])('a key %i with logits of ±Infinity', async (key) => {
        const sign = (n: number) => (n % 2 === 0 ? 1 : -1);
        const p = problem({ mask: options });
        const q = changed(p.q, ([, n, , d]) => (d === 0 ? sign(n) : undefined));
        const k = changed(p.k, ([, n, , d]) => (n === key && d === 0 ? Infinity : undefined));
        const infinite = { ...p, q, k, name: 'logits of ±Infinity' };
        const result = await run(infinite);
        // Infinity − Infinity is NaN; −Infinity is a weight of 0.
        const lost = (n: number) => sees(n, key) && sign(n) === 1;
        expect(rowsWhere((n) => row(result.out, n).every(Number.isNaN))).toEqual(rowsWhere(lost));
        const logsLost = logs(result).map(Number.isNaN);
        expect(logsLost).toEqual(logsLost.map((_, i) => lost(i % kLength)));
        await expectWithinRule(infinite, { device });
      });

      test('a query of NaN', async () => {
        const p = problem({ mask: options });
        const q = changed(p.q, ([, n, h, d]) => (n === 65 && h < 2 && d === 3 ? NaN : undefined));
        await expectWithinRule({ ...p, q, name: 'a query of NaN' }, { device });
      });
    });

    test('visible logits that are all −Infinity give 0 for that map', async () => {
      const p = problem({ seqlenQ: 10 });
      // Both maps of head 0 for queries 0 and 1, map 1 alone for query 2.
      const q = changed(p.q, ([, n, h, d]) => {
        if (d === 0) return h < 2 && (n < 2 || (n === 2 && h === 0)) ? 1 : 0;
        return undefined;
      });
      const k = changed(p.k, ([, , , d]) => (d === 0 ? -Infinity : undefined));
      // 0 · −Infinity is NaN, so the other rows see NaN: judge rows 0 to 2 of head 0.
      const { out, lse } = await run({ ...p, q, k });
      const head0 = (n: number) => row(out, n).slice(0, 128);
      expect(head0(0)).toEqual(Array(128).fill(0));
      expect(head0(1)).toEqual(Array(128).fill(0));
      expect([lse?.data[0], lse?.data[1], lse?.data[2]]).toEqual(Array(3).fill(-Infinity));
    });

    describe('large logits', () => {
      test.each([1e3, 1e4])('of about ±%d', async (size) => {
        const p = problem({ sharpness: size, mask: { causal: true } });
        await expectWithinRule({ ...p, name: `logits ±${size}` }, { device });
      });

      test.each([
        ['rise', 64, 1],
        ['rise', 96, 1],
        ['rise', 128, 1],
        ['fall', 64, -1],
        ['fall', 128, -1],
      ])('that %s with the keys, D = %i', async (_name, headDim, slope) => {
        const p = problem({ headDim, seqlenQ: 140, seqlenK: 700, mask: { causal: true } });
        const q = changed(p.q, ([, , , d]) => (d === 0 ? 4 : undefined));
        const k = changed(p.k, ([, n, , d]) => (d === 0 ? (slope * n) / 4 : undefined));
        // An eighth or so a key: e¹² and more from tile to tile.
        await expectWithinRule({ ...p, q, k, name: 'steep logits' }, { device });
      });

      test('that are all equal', async () => {
        const p = problem({ headDim: 64 });
        const k = changed(p.k, () => 64);
        const q = changed(p.q, () => 16);
        const equal = { ...p, q, k, options: { ...p.options, softmaxScale: 0.125 } };
        const { lse } = await compute(equal, { device });
        const expected = Math.fround(64 * 64 * 16 * 0.125 + Math.log(kLength));
        const ulp = 2 ** -10; // of numbers from 8192 to 16384 in float32
        for (const x of Array.from(lse?.data ?? [])) {
          expect(Math.abs(x - expected)).toBeLessThanOrEqual(2 * ulp);
        }
        await expectWithinRule({ ...equal, name: 'equal logits' }, { device });
      });
    });

    test('one key: its value times 1 − λ, and its logit as lse', async () => {
      const p = problem({ seqlenK: 1, seqlenQ: 3 });
      const q = changed(p.q, ([, , h, d]) => (d === 0 ? 1 + h : 0));
      const k = changed(p.k, ([, , h, d]) => (d === 0 ? 3 - h : 0));
      const one = { ...p, q, k, options: { ...p.options, softmaxScale: 1, lambda: 0.5 } };
      const { out, lse } = await compute(one, { device });
      // Queries 1, 2 of head 0 and 3, 4 of head 1; keys 3, 2.
      const logits = [3, 3, 3, 9, 9, 9, 4, 4, 4, 8, 8, 8];
      expect(largestDifference(lse?.data ?? [], logits)).toBeLessThanOrEqual(4 * 2 ** -24 * 9);
      const half = numbersOf(p.v.data, dtype).map((x) => roundTo(dtype, 0.5 * x));
      const bound = dtype === 'float32' ? 4 * 2 ** -24 * largest(half) : 0;
      expect(largestDifference(row(out, 0), [...half, ...half])).toBeLessThanOrEqual(bound);
    });

    describe('a window that cuts nothing', () => {
      const wide = 3 * kLength;
      const causalLeft: Partial<Options> = { causal: true, window: [-1, 3] };
      test.each<[string, Partial<Options>, Partial<Options>]>([
        ['unbounded both ways is none', { window: [-1, Infinity] }, {}],
        ['wider than the keys is none', { window: [wide, wide] }, {}],
        ['[−1, 0] is causal', { window: [-1, 0] }, { causal: true }],
        ['causal cuts its right side', { causal: true, window: [9, 70] }, { window: [9, 0] }],
        ['as many sinks as keys', { window: [0, 0], sinks: kLength }, {}],
        [
          'as many sinks as keys, causal',
          { causal: true, window: [0, 0], sinks: wide },
          { causal: true },
        ],
        ['sinks inside the window', { ...causalLeft, sinks: 2 }, causalLeft],
        ['sinks alone', { sinks: 9 }, {}],
      ])('%s, bit for bit', async (_name, options, same) => {
        for (const seqlenQ of [kLength, 40, kLength + 30]) {
          const p = problem({ seqlenQ });
          expectIdentical(await run(p, options), await run(p, same));
        }
      });
    });

    test.each([{}, { causal: true }])('4,096 keys, %j', async (mask) => {
      const fields = {
        seqlenQ: 4096,
        seqlenK: 4096,
        heads: [1, 1] as const,
        mask: mask as Case['mask'],
      };
      const p = problem({ ...fields, lambda: 'token' });
      expect(shapesOf({ ...base, ...fields }).q).toEqual([1, 4096, 2, 64]);
      await expectWithinRule(
        { ...p, name: '4,096 keys' },
        { device, rows: rowsAcross(4096, 24, 3) },
      );
    });
  });
});

import { execFileSync } from 'node:child_process';
import {
  attentionMaps,
  check,
  diffAttention,
  fromBits,
  type Options,
  roundTo,
  toBits,
} from 'flashdiff/reference';
import { sizeOf } from '../dist/shape.js';
import { type Case, groups } from '../dist/verify/cases.js';
import { problemOf, shapesOf } from '../dist/verify/problem.js';
import { Random } from '../dist/verify/random.js';
import { largestDifference } from './support/numbers.js';

const array = (data: number[], shape: number[]) => ({ data: Float64Array.from(data), shape });

describe('half precisions', () => {
  const allBits = Uint16Array.from({ length: 65536 }, (_, i) => i);

  test.each(['float16', 'bfloat16'] as const)(
    '%s: every value survives the round trip',
    (dtype) => {
      const values = fromBits(allBits, dtype);
      const bits = toBits(values, dtype);
      const survives = (i: number) => bits[i] === i || Number.isNaN(values[i]);
      expect(allBits.filter((i) => !survives(i))).toEqual(new Uint16Array());
      expect(toBits([NaN], dtype).every((b) => Number.isNaN(fromBits([b], dtype)[0]))).toBe(true);
    },
  );

  test.each(['float16', 'bfloat16'] as const)('%s: ties go to the even neighbour', (dtype) => {
    const finite = fromBits(allBits.slice(0, dtype === 'float16' ? 0x7c00 : 0x7f80), dtype);
    const wrong: number[] = [];
    for (let i = 0; i + 1 < finite.length; i += 1) {
      const [low, high] = [finite[i] as number, finite[i + 1] as number];
      const step = high - low;
      const even = i % 2 === 0 ? low : high;
      const [middle, hair] = [low + step / 2, step * 2 ** -30];
      const right =
        Object.is(roundTo(dtype, middle), even) &&
        Object.is(roundTo(dtype, -middle), -even) &&
        roundTo(dtype, middle - hair) === low &&
        roundTo(dtype, middle + hair) === high;
      if (!right) wrong.push(middle);
    }
    expect(wrong).toEqual([]);
  });

  test('beyond the largest value is Infinity', () => {
    expect(roundTo('float16', 65519.9)).toBe(65504);
    expect(roundTo('float16', -65520)).toBe(-Infinity);
    expect(roundTo('bfloat16', 3.4e38)).toBe(Infinity);
    expect(toBits([Infinity, -Infinity, -0], 'float16')).toEqual(
      Uint16Array.of(0x7c00, 0xfc00, 0x8000),
    );
  });
});

describe('by hand', () => {
  // One head, D = 1, two keys. Map 1 sees logits (0, ln 3), map 2 (ln 2, 0).
  const q = array([1, 1], [1, 1, 2, 1]);
  const k = array([0, Math.log(2), Math.log(3), 0], [1, 2, 2, 1]);
  const v = array([4, 8, 12, -3], [1, 2, 1, 2]);
  const p1 = [1 / 4, 3 / 4];
  const p2 = [2 / 3, 1 / 3];

  test('the maps', () => {
    const { data, shape } = attentionMaps(q, k);
    expect(shape).toEqual([2, 1, 1, 1, 2]);
    expect(largestDifference(data, [...p1, ...p2])).toBeLessThan(1e-15);
  });

  test('the difference and the lse', () => {
    const { out, lse } = diffAttention(q, k, v, { lambda: 0.5, returnLse: true });
    expect(out.shape).toEqual([1, 1, 1, 2]);
    expect(out.data[0]).toBeCloseTo(10 - 0.5 * (20 / 3), 14);
    expect(out.data[1]).toBeCloseTo(-0.25 - 0.5 * (13 / 3), 14);
    expect(lse.shape).toEqual([2, 1, 1, 1]);
    expect(lse.data[0]).toBeCloseTo(Math.log(4), 14);
    expect(lse.data[1]).toBeCloseTo(Math.log(3), 14);
  });

  test('the norm, its weight and the scale', () => {
    const [x, y] = [10 / 1 - 10 / 3, -0.25 - 13 / 6];
    const rms = Math.sqrt((x * x + y * y) / 2 + 1);
    const weight = array([2, -1], [2]);
    const { data } = diffAttention(q, k, v, {
      lambda: 0.5,
      subln: { eps: 1, weight },
      outputScale: 0.2,
    });
    expect(data[0]).toBeCloseTo((0.2 * 2 * x) / rms, 14);
    expect(data[1]).toBeCloseTo((-0.2 * y) / rms, 14);
  });
});

describe('the mask', () => {
  /** Which keys each query gives weight to, as a drawing. */
  function drawn(seqlenQ: number, seqlenK: number, options: Partial<Options>): string[] {
    const q = array(Array(2 * seqlenQ).fill(0), [1, seqlenQ, 2, 1]);
    const k = array(Array(2 * seqlenK).fill(0), [1, seqlenK, 2, 1]);
    const { data } = attentionMaps(q, k, options);
    const rows = Array.from({ length: seqlenQ }, (_, row) =>
      data.subarray(row * seqlenK, (row + 1) * seqlenK),
    );
    return rows.map((row) => Array.from(row, (weight) => (weight > 0 ? 'x' : '.')).join(''));
  }

  test.each<[string, number, number, Partial<Options>, string[]]>([
    ['none', 2, 3, {}, ['xxx', 'xxx']],
    ['causal', 3, 3, { causal: true }, ['x..', 'xx.', 'xxx']],
    ['causal, more keys', 2, 4, { causal: true }, ['xxx.', 'xxxx']],
    ['causal, more queries', 4, 2, { causal: true }, ['..', '..', 'x.', 'xx']],
    ['window', 4, 4, { window: [1, 0] }, ['x...', 'xx..', '.xx.', '..xx']],
    ['window, more keys', 2, 4, { window: [0, 1] }, ['..xx', '...x']],
    ['window, open left', 3, 3, { window: [-1, 0] }, ['x..', 'xx.', 'xxx']],
    ['window, open right', 3, 3, { window: [0, Infinity] }, ['xxx', '.xx', '..x']],
    ['sinks', 4, 4, { window: [0, 0], sinks: 2 }, ['xx..', 'xx..', 'xxx.', 'xx.x']],
    [
      'sinks, causal',
      4,
      4,
      { causal: true, window: [0, 2], sinks: 2 },
      ['x...', 'xx..', 'xxx.', 'xx.x'],
    ],
    [
      'sinks, more queries',
      4,
      2,
      { causal: true, window: [0, 0], sinks: 1 },
      ['..', '..', 'x.', 'xx'],
    ],
  ])('%s', (_name, seqlenQ, seqlenK, options, expected) => {
    expect(drawn(seqlenQ, seqlenK, options)).toEqual(expected);
  });

  test('a query that sees no key gives 0 and −Infinity, whatever the options', () => {
    const q = array([1, 1, 1, 1], [1, 2, 2, 1]);
    const k = array([1, 1], [1, 1, 2, 1]);
    const v = array([5, 6], [1, 1, 1, 2]);
    const lambda = array([NaN], [1]);
    const options = { lambda, causal: true, subln: { eps: 0 }, returnLse: true } as const;
    const { out, lse } = diffAttention(q, k, v, options);
    expect(out.data.subarray(0, 2)).toEqual(new Float64Array(2));
    expect([lse.data[0], lse.data[2]]).toEqual([-Infinity, -Infinity]);
  });

  test('hidden NaN changes nothing, visible NaN reaches its rows', () => {
    const q = array([1, 1, 1, 1], [1, 2, 2, 1]);
    const k = array([1, 1, NaN, NaN], [1, 2, 2, 1]);
    const v = array([5, 6, NaN, Infinity], [1, 2, 1, 2]);
    const { data } = diffAttention(q, k, v, { lambda: 0.5, causal: true });
    expect(Array.from(data)).toEqual([2.5, 3, NaN, NaN]);
  });
});

describe('layouts', () => {
  // The same heads in the three arrangements: v1 interleaves what diffllama keeps in halves, and v2
  // is v1 with both keys of a pair equal and values of half the width.
  const [B, N, H, G, D] = [2, 5, 4, 2, 3];
  const random = new Random(1);
  const values = (...shape: number[]) => ({ data: random.normals(sizeOf(shape)), shape });

  /** Head h of the result is head `from(h)` of the operand. */
  function arranged(x: { data: Float32Array; shape: number[] }, from: (h: number) => number) {
    const [, , heads = 0, dim = 0] = x.shape;
    const data = x.data.map((_, i) => {
      const [row, h, d] = [Math.floor(i / (heads * dim)), Math.floor(i / dim) % heads, i % dim];
      return x.data[(row * heads + from(h)) * dim + d] as number;
    });
    return { ...x, data };
  }

  test('diffllama is v1 with its pairs side by side', () => {
    const [q, k, v] = [values(B, N, 2 * H, D), values(B, N, 2 * G, D), values(B, N, G, 2 * D)];
    const expected = diffAttention(q, k, v, { lambda: 0.3 });
    const halves = (count: number) => (h: number) => 2 * (h % count) + Math.floor(h / count);
    const vHeads = arranged({ ...v, shape: [B, N, 2 * G, D] }, halves(G));
    const options = { layout: 'diffllama', lambda: 0.3 } as const;
    const got = diffAttention(arranged(q, halves(H)), arranged(k, halves(G)), vHeads, options);
    expect(got).toEqual(expected);
  });

  test('v2 is v1 with the keys of a pair equal', () => {
    const [q, k, v] = [values(B, N, 2 * H, D), values(B, N, G, D), values(B, N, G, D)];
    const twice = (x: typeof k) =>
      arranged(
        { data: Float32Array.from([...x.data, ...x.data]), shape: [B, N, 2 * G, D] },
        (h) => h,
      );
    const k2 = twice(k);
    for (let row = 0; row < B * N; row += 1) {
      for (let g = 0; g < G; g += 1) {
        const key = k.data.subarray((row * G + g) * D, (row * G + g + 1) * D);
        k2.data.set(key, (row * G + g) * 2 * D);
        k2.data.set(key, ((row * G + g) * 2 + 1) * D);
      }
    }
    const wide = { data: new Float32Array(B * N * G * 2 * D), shape: [B, N, G, 2 * D] };
    for (let i = 0; i < B * N * G; i += 1)
      wide.data.set(v.data.subarray(i * D, (i + 1) * D), 2 * i * D);
    const expected = diffAttention(q, k2, wide, { lambda: 0.3 });
    const got = diffAttention(q, k, v, { layout: 'v2', lambda: 0.3 });
    expect(Array.from(got.data)).toEqual(
      Array.from(expected.data).filter((_, i) => i % (2 * D) < D),
    );
  });
});

test('chosen rows are the rows of the whole', () => {
  for (const c of groups.flatMap(({ cases }) => cases).filter((_, i) => i % 100 === 0)) {
    const { q, k, v, options } = problemOf(c, '');
    if (c.seqlenQ < 3) continue;
    const rows = [c.seqlenQ - 1, 0, 2];
    const whole = diffAttention(q, k, v, { ...options, returnLse: true });
    const some = diffAttention(q, k, v, { ...options, rows, returnLse: true });
    const width = c.heads[0] * shapesOf(c).valueDim;
    const [B, H] = [c.batchSize, c.heads[0]];
    expect(some.out.shape).toEqual([B, 3, H, shapesOf(c).valueDim]);
    for (let b = 0; b < B; b += 1) {
      rows.forEach((row, r) => {
        const at = (b * c.seqlenQ + row) * width;
        const start = (b * 3 + r) * width;
        expect(some.out.data.subarray(start, start + width)).toEqual(
          whole.out.data.subarray(at, at + width),
        );
      });
    }
    const lse = Array.from({ length: 2 * B * H }, (_, mapHead) =>
      rows.map((row) => whole.lse.data[mapHead * c.seqlenQ + row] as number),
    );
    expect(Array.from(some.lse.data)).toEqual(lse.flat());
  }
});

test('the maps make the attention', () => {
  const c = groups[0]?.cases[100] as Case;
  const { q, k, v } = problemOf(c, '');
  const options = { layout: c.layout, causal: true };
  const { data: maps } = attentionMaps(q, k, options);
  const ones = {
    ...v,
    data: v.data.map(() => (v.dtype === 'float32' ? 1 : (toBits([1], v.dtype)[0] ?? 0))),
  };
  const out = diffAttention(q, k, ones, { ...options, lambda: 0.25 });
  const sums = Array.from({ length: maps.length / c.seqlenK }, (_, i) =>
    maps.subarray(i * c.seqlenK, (i + 1) * c.seqlenK).reduce((a, b) => a + b, 0),
  );
  const unseeing = c.seqlenK >= c.seqlenQ ? 0 : c.seqlenQ - c.seqlenK;
  const expectedSums = sums.map((_, i) => (i % c.seqlenQ < unseeing ? 0 : 1));
  expect(largestDifference(sums, expectedSums)).toBeLessThan(1e-13);
  const width = c.heads[0] * shapesOf(c).valueDim;
  const rest = out.data.subarray(unseeing * width, c.seqlenQ * width);
  expect(largestDifference(rest, rest.slice().fill(0.75))).toBeLessThan(1e-13);
});

describe('what it reads', () => {
  const numbers = [0.1, 1, -2, 3e-6];
  const shape = [1, 1, 2, 2];
  const v = { data: new Float32Array([1, 2, 3, 4]), shape: [1, 1, 1, 4] };
  const read = (source: Parameters<typeof attentionMaps>[0]) =>
    attentionMaps(source, { data: new Float64Array(8).map((_, i) => i), shape: [1, 2, 2, 2] }).data;

  test('float64 stays, other dtypes are rounded', () => {
    const exact = read({ data: Float64Array.from(numbers), shape });
    expect(read({ data: numbers, shape })).toEqual(exact);
    const float32 = read({ data: Float32Array.from(numbers), dims: shape, type: 'float32' });
    expect(float32).toEqual(read({ data: numbers.map(Math.fround), shape }));
    for (const dtype of ['float16', 'bfloat16'] as const) {
      const bits = read({ data: toBits(numbers, dtype), shape, dtype });
      expect(bits).toEqual(read({ data: Float64Array.from(numbers), shape, dtype }));
      expect(bits).not.toEqual(exact);
    }
  });

  test('anything with dataSync', () => {
    const tensor = { shape, dtype: 'float32', dataSync: () => Float32Array.from(numbers) };
    expect(read(tensor)).toEqual(read({ data: Float32Array.from(numbers), shape }));
  });

  const q = { data: numbers, shape };
  test.each<[string, () => unknown, string, RegExp]>([
    ['no object', () => read(7 as never), 'TypeError', /a Tensor or .* for `q`, got 7/],
    ['null', () => read(null as never), 'TypeError', /for `q`, got null/],
    ['no data', () => read({ shape } as never), 'TypeError', /for `q`, got undefined/],
    ['integers', () => read({ data: new Int32Array(4), shape }), 'TypeError', /got .* Int32Array/],
    ['bare bits', () => read({ data: new Uint16Array(4), shape }), 'TypeError', /bits in `q`/],
    ['no shape', () => read({ data: numbers }), 'TypeError', /for `q.shape`, got undefined/],
    ['fractions', () => read({ data: numbers, shape: [1, 1, 2, 2.5] }), 'RangeError', /got 2.5/],
    ['short', () => read({ data: [1], shape }), 'RangeError', /4 elements, .* got 1/],
    ['rank', () => read({ data: numbers, shape: [4] }), 'RangeError', /4 dimensions .* got \[4\]/],
    ['dtype', () => read({ data: numbers, shape, dtype: 'int8' }), 'RangeError', /got 'int8'/],
    ['odd heads', () => read({ data: numbers, shape: [1, 1, 1, 4] }), 'RangeError', /even/],
    [
      'dim',
      () => read({ data: numbers, shape: [1, 1, 4, 1] }),
      'RangeError',
      /head dim 1, .* got 2/,
    ],
    [
      'batch',
      () => read({ data: [], shape: [0, 1, 2, 2] }),
      'RangeError',
      /batch size 0, .* got 1/,
    ],
    ['strings', () => read({ data: ['1', '2'], shape }), 'TypeError', /`q.data\[0\]`, got '1'/],
    ['holes', () => read({ data: new Array(4), shape }), 'TypeError', /`q.data\[0\]`, got undef/],
    ['rows', () => attentionMaps(q, q, { rows: [1] }), 'RangeError', /`rows\[0\]`, got 1/],
    [
      'holes in rows',
      () => attentionMaps(q, q, { rows: new Array(1) }),
      'TypeError',
      /`rows\[0\]`, got undefined/,
    ],
    ['layout', () => attentionMaps(q, q, { layout: 'v3' as never }), 'RangeError', /got 'v3'/],
    ['window', () => attentionMaps(q, q, { window: [1.5, 0] }), 'RangeError', /got 1.5/],
    ['sinks', () => attentionMaps(q, q, { sinks: -2 }), 'RangeError', /`sinks`, got -2/],
    ['causal', () => attentionMaps(q, q, { causal: 1 as never }), 'TypeError', /`causal`, got 1/],
    ['scale', () => attentionMaps(q, q, { softmaxScale: '1' as never }), 'TypeError', /got '1'/],
    [
      'v',
      () => diffAttention(q, q, q, { lambda: 1 }),
      'RangeError',
      /\[1, 1, 1, 4\] \(layout 'v1'\) for `v`, got/,
    ],
    ['no λ', () => diffAttention(q, q, v, {} as never), 'TypeError', /for `lambda`, got undefined/],
    [
      'λ',
      () => diffAttention(q, q, v, { lambda: q }),
      'RangeError',
      /\[1\] or \[1, 1, 1\] for `lambda`/,
    ],
    [
      'norm weight',
      () => diffAttention(q, q, v, { lambda: 1, subln: { weight: q } }),
      'RangeError',
      /shape \[4\] for `subln.weight`/,
    ],
    [
      'rows of the engines',
      () => diffAttention(q, q, v, { lambda: 1, row: [0] } as never),
      'TypeError',
      /lambda, layout.*returnLse, rows as the names in `options`, got 'row'/,
    ],
    [
      'a misspelt option of the maps',
      () => attentionMaps(q, q, { casual: true } as never),
      'TypeError',
      /as the names in `options`, got 'casual'/,
    ],
    [
      'no options',
      () => (diffAttention as (...args: unknown[]) => unknown)(q, q, v),
      'TypeError',
      /for `options`, got undefined/,
    ],
    ['NaN λ', () => diffAttention(q, q, v, { lambda: NaN }), 'RangeError', /`lambda`, got NaN/],
    [
      'a negative eps',
      () => diffAttention(q, q, v, { lambda: 1, subln: { eps: -1 } }),
      'RangeError',
      /≥ 0 for `subln.eps`, got -1/,
    ],
    [
      'returnLse of no kind',
      () => diffAttention(q, q, v, { lambda: 1, returnLse: 1 as never }),
      'TypeError',
      /`returnLse`, got 1/,
    ],
    ['no result', () => check(5 as never, q, q, v, { lambda: 1 }), 'TypeError', /`out`, got 5/],
    [
      'an lse of another shape',
      () => check({ out: v, lse: v }, q, q, v, { lambda: 1 }),
      'RangeError',
      /shape \[2, 1, 1, 1\] for `lse`, got \[1, 1, 1, 4\]/,
    ],
  ])('refused: %s', (_name, call, kind, message) => {
    expect(call).toThrow(
      expect.objectContaining({ name: kind, message: expect.stringMatching(message) }),
    );
  });
});

test('a judgement says how near to its limit the worst element is', () => {
  const { q, k, v, options } = problemOf(groups[0]?.cases[4] as Case, '');
  const exact = diffAttention(q, k, v, { ...options, returnLse: false });
  const judged = (change: (x: number, i: number) => number) =>
    check({ ...exact, data: exact.data.map(change), dtype: 'float32' }, q, k, v, options).out;
  const right = judged((x) => x);
  expect(right).toMatchObject({ ok: true, share: expect.any(Number) });
  expect(right.share).toBeLessThanOrEqual(1);
  const wrong = judged((x, i) => (i === 3 ? x + 1 : x));
  const { value = 0, expected = 0, limit = 0 } = wrong.worst ?? {};
  expect(wrong.share).toBe(Math.abs(value - expected) / limit);
  expect(wrong.share).toBeGreaterThan(1);
  expect(judged((x, i) => (i === 3 ? NaN : x)).share).toBe(Infinity);
});

test('it has no native part', () => {
  const program = `
    require('flashdiff/reference');
    console.log(Object.keys(require.cache).filter((file) => file.endsWith('.node')).length);
  `;
  expect(execFileSync(process.execPath, ['-e', program], { encoding: 'utf8' })).toBe('0\n');
});

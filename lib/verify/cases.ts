/**
 * The problems that every engine is checked on, made by crossing. A group crosses some fields
 * whole; the others are drawn from the case's seed, its place in the table, so that the table is
 * the same everywhere.
 */

import { type DType, kDTypes } from '../dtype.js';
import { kLayoutNames, type Layout } from '../layout.js';
import { Random } from './random.js';

/** How the operands lie in memory: see tensors.ts. */
export const views = ['contiguous', 'transposed', 'sliced'] as const;

export type MaskOptions = { causal?: true; window?: [number, number]; sinks?: number };

export interface Case {
  layout: Layout;
  dtype: DType;
  batchSize: number;
  /** [H, Hkv] */
  heads: readonly [number, number];
  seqlenQ: number;
  seqlenK: number;
  headDim: number;
  mask: MaskOptions;
  lambda: 'number' | 'head' | 'token';
  subln: 'none' | 'plain' | 'weight';
  outputScale: number;
  softmaxScale: number | undefined;
  returnLse: boolean;
  view: (typeof views)[number];
  /** Standard deviation of the logits at the default scale. */
  sharpness: number;
  /** The middle key starts with Infinity, so that logits of +Infinity and −Infinity occur. */
  infinite: boolean;
  seed: number;
}

export interface Group {
  name: string;
  cases: Case[];
}

const kMasks: readonly MaskOptions[] = [
  {},
  { causal: true },
  { window: [20, 9] },
  { window: [33, 0], sinks: 5 },
  { causal: true, window: [25, 25], sinks: 3 },
];

/** Dimensions that CUDA supports: every multiple of 8 up to 128. */
const kDims = Array.from({ length: 16 }, (_, i) => 8 * (i + 1));
const kTiles = [64, 80, 96, 128];
const kLengths = [1, 2, 13, 61, 157, 251, ...kTiles.flatMap((tile) => [tile - 1, tile, tile + 1])];
const kWindows: readonly [number, number][] = [
  [0, 0],
  [1, 0],
  [0, 1],
  [63, 0],
  [64, 64],
  [-1, 7],
  [7, -1],
  [500, 500],
];

let count = 0;

function make(fields: Partial<Case>): Case {
  count += 1;
  const seed = count;
  const random = new Random(seed);
  const length = random.pick([17, 48, 67, 96, 130]);
  const drawn: Case = {
    layout: random.pick(kLayoutNames),
    dtype: random.pick(kDTypes),
    batchSize: random.pick([1, 1, 2]),
    heads: random.pick([
      [1, 1],
      [2, 1],
      [2, 2],
      [3, 1],
      [4, 2],
    ] as const),
    seqlenQ: length,
    seqlenK: random.pick([length, length + 29, Math.ceil(length / 2)]),
    headDim: random.pick([8, 32, 40, 56, 64, 96, 128]),
    mask: random.pick(kMasks),
    lambda: random.pick(['number', 'head', 'token'] as const),
    subln: random.pick(['none', 'plain', 'weight'] as const),
    outputScale: random.pick([1, 0.2]),
    softmaxScale: random.pick([undefined, undefined, 0.11]),
    returnLse: random.pick([true, false]),
    view: random.pick(views),
    sharpness: random.pick([1, 1, 4]),
    infinite: false,
    seed,
  };
  return { ...drawn, ...fields };
}

function cross<T extends Record<string, readonly unknown[]>>(lists: T) {
  return Object.entries(lists).reduce<Record<string, unknown>[]>(
    (rows, [name, values]) => rows.flatMap((row) => values.map((v) => ({ ...row, [name]: v }))),
    [{}],
  ) as { [K in keyof T]: T[K][number] }[];
}

const lengthPairs = kLengths.flatMap((n): [number, number][] => [
  [n, n],
  [n, n + 37],
  [n + 41, n],
  [1, n],
  [n, 1],
]);

export const groups: readonly Group[] = [
  {
    name: 'head dims',
    cases: cross({
      layout: kLayoutNames,
      headDim: kDims,
      dtype: kDTypes,
      mask: kMasks.slice(0, 2),
    }).map(make),
  },
  {
    name: 'head dims that CUDA does not take',
    cases: cross({
      layout: kLayoutNames,
      headDim: [1, 3, 5, 17, 33, 100, 136, 200],
      dtype: kDTypes,
    }).map(make),
  },
  {
    name: 'lengths',
    cases: cross({ pair: lengthPairs, mask: kMasks }).map(({ pair: [seqlenQ, seqlenK], mask }) =>
      make({ seqlenQ, seqlenK, mask }),
    ),
  },
  {
    name: 'grouped heads',
    cases: cross({
      layout: kLayoutNames,
      heads: [
        [1, 1],
        [2, 1],
        [2, 2],
        [3, 1],
        [3, 3],
        [4, 2],
        [6, 3],
        [8, 1],
      ] as const,
      dtype: kDTypes,
    }).map(make),
  },
  {
    name: 'masks',
    cases: cross({
      causal: [false, true],
      window: kWindows,
      sinks: [0, 1, 4, 64, 70],
      pair: [
        [67, 67],
        [67, 140],
        [140, 67],
      ] as const,
    }).map(({ causal, window, sinks, pair: [seqlenQ, seqlenK] }) =>
      make({ mask: { ...(causal && { causal }), window, sinks }, seqlenQ, seqlenK }),
    ),
  },
  {
    name: 'options',
    cases: cross({
      layout: kLayoutNames,
      lambda: ['number', 'head', 'token'] as const,
      subln: ['none', 'plain', 'weight'] as const,
      outputScale: [1, 0.2],
      returnLse: [false, true],
    }).map(make),
  },
  {
    name: 'views',
    cases: cross({ layout: kLayoutNames, view: views, dtype: kDTypes, mask: kMasks }).map(make),
  },
  {
    name: 'nothing to do',
    cases: cross({
      layout: kLayoutNames,
      dtype: kDTypes,
      sizes: [
        [0, 5, 5],
        [2, 0, 5],
        [2, 5, 0],
        [0, 0, 0],
      ] as const,
    }).map(({ sizes: [batchSize, seqlenQ, seqlenK], ...rest }) =>
      make({ ...rest, batchSize, seqlenQ, seqlenK }),
    ),
  },
  {
    name: 'long',
    cases: cross({ headDim: [64, 96, 128], mask: kMasks }).map((fields) =>
      make({ ...fields, seqlenQ: 1025, seqlenK: 1100, batchSize: 1, heads: [2, 1] }),
    ),
  },
  {
    name: 'infinite logits',
    cases: cross({
      layout: kLayoutNames,
      dtype: kDTypes,
      headDim: [64, 96, 128],
      mask: kMasks.slice(0, 2),
      pair: [
        [3, 300],
        [130, 200],
      ] as const,
    }).map(({ pair: [seqlenQ, seqlenK], ...rest }) =>
      make({ ...rest, seqlenQ, seqlenK, infinite: true }),
    ),
  },
];

export function nameOf(c: Case): string {
  const { window, sinks, causal } = c.mask;
  return [
    `#${c.seed} ${c.layout} ${c.dtype} B${c.batchSize} H${c.heads.join('/')}`,
    `N${c.seqlenQ}×${c.seqlenK} D${c.headDim}`,
    causal && 'causal',
    window && `window ${window}`,
    sinks !== undefined && `sinks ${sinks}`,
    `λ/${c.lambda}`,
    c.subln !== 'none' && (c.subln === 'weight' ? 'subln·w' : 'subln'),
    c.outputScale !== 1 && `×${c.outputScale}`,
    c.softmaxScale !== undefined && `scale ${c.softmaxScale}`,
    c.returnLse && 'lse',
    c.view !== 'contiguous' && c.view,
    c.sharpness !== 1 && `sharp ${c.sharpness}`,
    c.infinite && '∞',
  ]
    .filter(Boolean)
    .join(' ');
}

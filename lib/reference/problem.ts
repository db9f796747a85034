/** The arguments of the reference, checked, and their meaning: heads, pairs and the mask. */

import {
  expectArray,
  expectBoolean,
  expectFinite,
  expectInteger,
  expectNumber,
  expectWord,
} from '../check.js';
import { outOfRange } from '../errors.js';
import type { Layout } from '../layout.js';
import { type Operand, readOperand, type Source } from './operand.js';

/** As for the engines; see DiffAttentionOptions. */
export interface MapOptions {
  /** @default 'v1' */
  layout?: Layout | undefined;
  /** Query i sees key j iff j ≤ i + Nk − Nq. @default false */
  causal?: boolean | undefined;
  /** [left, right] around i + Nk − Nq; −1 or Infinity: unbounded. @default unbounded */
  window?: readonly [left: number, right: number] | undefined;
  /** The first keys that stay visible whatever the window says. @default 0 */
  sinks?: number | undefined;
  /** @default 1/√D */
  softmaxScale?: number | undefined;
  /** Queries to compute, in this order; the result has a row for each. @default all */
  rows?: readonly number[] | undefined;
}

/** RMSNorm over the value dimension. */
export interface SublnOptions {
  /** @default 1e-5 */
  eps?: number | undefined;
  /** [Dv] @default ones */
  weight?: Source | undefined;
}

export interface Options extends MapOptions {
  /** A number, or values [H] or [B, Nq, H]. */
  lambda: number | Source;
  /** @default none */
  subln?: SublnOptions | undefined;
  /** @default 1 */
  outputScale?: number | undefined;
  /** @default false */
  returnLse?: boolean | undefined;
}

/** Which heads of q, k and v make differential head h of H, key head g of G = Hkv. */
interface Pairing {
  /** Heads of k and v, as multiples of G. */
  keyHeads: number;
  valueHeads: number;
  /** Width of a head of v, as a multiple of D. */
  valueWidth: number;
  query(h: number, H: number): readonly [number, number];
  key(g: number, G: number): readonly [number, number];
  value(g: number, G: number): readonly number[];
}

const kPairings: Record<Layout, Pairing> = {
  v1: {
    keyHeads: 2,
    valueHeads: 1,
    valueWidth: 2,
    query: (h) => [2 * h, 2 * h + 1],
    key: (g) => [2 * g, 2 * g + 1],
    value: (g) => [g],
  },
  diffllama: {
    keyHeads: 2,
    valueHeads: 2,
    valueWidth: 1,
    query: (h, H) => [h, h + H],
    key: (g, G) => [g, g + G],
    value: (g, G) => [g, g + G],
  },
  v2: {
    keyHeads: 1,
    valueHeads: 1,
    valueWidth: 1,
    query: (h) => [2 * h, 2 * h + 1],
    key: (g) => [g, g],
    value: (g) => [g],
  },
};

const kLayouts = Object.keys(kPairings) as Layout[];

/** What the two softmax maps are made of. */
export interface MapProblem {
  readonly q: Operand;
  readonly k: Operand;
  readonly pairing: Pairing;
  readonly batchSize: number;
  readonly numHeads: number;
  readonly numKvHeads: number;
  readonly seqlenQ: number;
  readonly seqlenK: number;
  readonly headDim: number;
  readonly softmaxScale: number;
  readonly rows: readonly number[];
  /** The keys that a query sees, in order. */
  readonly visible: (row: number) => number[];
}

export interface Problem extends MapProblem {
  readonly v: Operand;
  readonly valueDim: number;
  readonly lambda: (batch: number, row: number, head: number) => number;
  readonly subln: { eps: number; weight: Float64Array } | undefined;
  readonly outputScale: number;
}

export function mapProblem(qSource: Source, kSource: Source, options: MapOptions): MapProblem {
  const q = readRank4('q', qSource);
  const k = readRank4('k', kSource);
  const pairing = kPairings[expectWord('layout', options.layout ?? 'v1', kLayouts)];
  const [batchSize, seqlenQ, queryHeads, headDim] = q.shape as Shape4;
  const [keyBatch, seqlenK, keyHeads, keyDim] = k.shape as Shape4;
  const numHeads = queryHeads / 2;
  const numKvHeads = keyHeads / pairing.keyHeads;
  if (numHeads === 0 || !Number.isInteger(numHeads)) {
    throw outOfRange('an even number of heads', 'q', queryHeads);
  }
  if (!Number.isInteger(numKvHeads) || !Number.isInteger(numHeads / numKvHeads)) {
    throw outOfRange(`heads that divide the ${numHeads} of \`q\``, 'k', keyHeads);
  }
  if (keyBatch !== batchSize) throw outOfRange(`batch size ${batchSize}`, 'k', keyBatch);
  if (keyDim !== headDim || headDim === 0) throw outOfRange(`head dim ${headDim}`, 'k', keyDim);

  const rows = options.rows ?? Array.from({ length: seqlenQ }, (_, row) => row);
  expectArray('rows', rows, 'queries').forEach((row, r) => {
    expectInteger(`rows[${r}]`, row, 0, seqlenQ - 1);
  });
  const softmaxScale = expectFinite('softmaxScale', options.softmaxScale ?? 1 / Math.sqrt(headDim));
  const visible = mask(options, seqlenQ, seqlenK);
  const sizes = { batchSize, numHeads, numKvHeads, seqlenQ, seqlenK, headDim };
  return { q, k, pairing, ...sizes, softmaxScale, rows, visible };
}

export function problem(q: Source, k: Source, vSource: Source, options: Options): Problem {
  const maps = mapProblem(q, k, options);
  const { pairing, batchSize, numHeads, numKvHeads, seqlenQ, seqlenK, headDim } = maps;
  const v = readRank4('v', vSource);
  const width = headDim * pairing.valueWidth;
  const expected = [batchSize, seqlenK, numKvHeads * pairing.valueHeads, width];
  if (!hasShape(v, expected)) throw outOfRange(`shape [${expected}]`, 'v', v.shape);

  const valueDim = width * pairing.valueHeads;
  const lambda = readLambda(options.lambda, [batchSize, seqlenQ, numHeads]);
  const outputScale = expectFinite('outputScale', options.outputScale ?? 1);
  const subln = options.subln && readSubln(options.subln, valueDim);
  return { ...maps, v, valueDim, lambda, subln, outputScale };
}

type Shape4 = [number, number, number, number];

function readRank4(name: string, source: Source): Operand {
  const operand = readOperand(name, source);
  if (operand.shape.length !== 4) throw outOfRange('4 dimensions', name, operand.shape);
  return operand;
}

function hasShape({ shape }: Operand, expected: readonly number[]): boolean {
  return String(shape) === String(expected);
}

/** From the definition: query i stands at i + Nk − Nq among the keys. */
function mask(options: MapOptions, seqlenQ: number, seqlenK: number) {
  const causal = expectBoolean('causal', options.causal ?? false);
  const window = expectArray('window', options.window ?? [-1, -1], 'two bounds');
  if (window.length !== 2) throw outOfRange('two bounds, [left, right],', 'window', window);
  const [left, right] = window.map(readBound) as [number, number];
  const sinks = expectInteger('sinks', options.sinks ?? 0);
  return (row: number) => {
    const position = row + seqlenK - seqlenQ;
    const keys: number[] = [];
    for (let j = 0; j < seqlenK; j += 1) {
      const inWindow = position - left <= j && j <= position + right;
      if ((!causal || j <= position) && (inWindow || j < sinks)) keys.push(j);
    }
    return keys;
  };
}

function readBound(bound: unknown, i: number): number {
  const name = `window[${i}]`;
  if (expectNumber(name, bound) === Infinity) return Infinity;
  return expectInteger(name, bound, -1) === -1 ? Infinity : (bound as number);
}

function readLambda(lambda: number | Source, shape: readonly [number, number, number]) {
  const [, seqlenQ, numHeads] = shape;
  if (typeof lambda === 'number') return () => lambda;
  const operand = readOperand('lambda', lambda);
  const at = (index: number) => operand.data[index] as number;
  if (hasShape(operand, [numHeads])) return (_b: number, _row: number, h: number) => at(h);
  if (hasShape(operand, shape)) {
    return (b: number, row: number, h: number) => at((b * seqlenQ + row) * numHeads + h);
  }
  throw outOfRange(`a number or shape [${numHeads}] or [${shape}]`, 'lambda', operand.shape);
}

function readSubln({ eps = 1e-5, weight }: SublnOptions, valueDim: number) {
  expectNumber('subln.eps', eps);
  if (weight === undefined) return { eps, weight: new Float64Array(valueDim).fill(1) };
  const operand = readOperand('subln.weight', weight);
  if (hasShape(operand, [valueDim])) return { eps, weight: operand.data };
  throw outOfRange(`shape [${valueDim}]`, 'subln.weight', operand.shape);
}

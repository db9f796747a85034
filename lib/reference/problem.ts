/**
 * The arguments of the reference and their meaning. They are read as the engines' are; which heads
 * belong together and what the mask is are said here once more, so that a mistake there shows.
 */

import { outOfRange } from '../errors.js';
import { expectArray, expectInteger } from '../expect.js';
import type { Layout } from '../layout.js';
import {
  type DiffAttentionOptions,
  kOptionNames,
  type ReadMapOptions,
  type ReadOptions,
  readMapOptions,
  readOptions,
} from '../options.js';
import { expectRank4, hasShape, type MapSizes, readMapSizes, readSizes } from '../sizes.js';
import { type Operand, readOperand, type Source } from './operand.js';

/** As for the engines; see DiffAttentionOptions. */
export interface MapOptions
  extends Pick<DiffAttentionOptions, 'layout' | 'causal' | 'window' | 'sinks' | 'softmaxScale'> {
  /** Queries to compute, in this order; the result has a row for each. @default all */
  rows?: readonly number[] | undefined;
}

/** RMSNorm over the value dimension. */
export interface SublnOptions {
  /** At least 0. @default 1e-5 */
  eps?: number | undefined;
  /** [Dv] @default ones */
  weight?: Source | undefined;
}

/** Those of the engines, with values in the place of tensors, and `rows`. */
export interface Options
  extends MapOptions,
    Pick<DiffAttentionOptions, 'outputScale' | 'returnLse'> {
  /** A number, or values [H] or [B, Nq, H]. */
  lambda: number | Source;
  /** @default none */
  subln?: SublnOptions | undefined;
}

/** Which heads of q, k and v make differential head h of H, key head g of G = Hkv. */
interface Pairing {
  query(h: number, H: number): readonly [number, number];
  key(g: number, G: number): readonly [number, number];
  value(g: number, G: number): readonly number[];
}

const kPairings: Record<Layout, Pairing> = {
  v1: {
    query: (h) => [2 * h, 2 * h + 1],
    key: (g) => [2 * g, 2 * g + 1],
    value: (g) => [g],
  },
  diffllama: {
    query: (h, H) => [h, h + H],
    key: (g, G) => [g, g + G],
    value: (g, G) => [g, g + G],
  },
  v2: {
    query: (h) => [2 * h, 2 * h + 1],
    key: (g) => [g, g],
    value: (g) => [g],
  },
};

/** What the two softmax maps are made of. */
export interface MapProblem extends MapSizes {
  readonly q: Operand;
  readonly k: Operand;
  readonly pairing: Pairing;
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
  readonly returnLse: boolean;
}

const kNames = [...kOptionNames, 'rows'];

export function mapProblem(qSource: Source, kSource: Source, given: MapOptions): MapProblem {
  const q = readRank4('q', qSource);
  const k = readRank4('k', kSource);
  const options = readMapOptions(given, kNames);
  return assemble(q, k, options, readMapSizes(q, k, options.layout), given.rows);
}

export function problem(
  qSource: Source,
  kSource: Source,
  vSource: Source,
  given: Options,
): Problem {
  const q = readRank4('q', qSource);
  const k = readRank4('k', kSource);
  const v = readRank4('v', vSource);
  const options = readOptions(given, kNames);
  const sizes = readSizes(q, k, v, options.maps.layout);
  const { batchSize, seqlenQ, numHeads, valueDim } = sizes;
  return {
    ...assemble(q, k, options.maps, sizes, given.rows),
    v,
    valueDim,
    lambda: readLambda(options.lambda, [batchSize, seqlenQ, numHeads]),
    subln: options.subln && readSubln(options.subln, valueDim),
    outputScale: options.outputScale,
    returnLse: options.returnLse,
  };
}

function assemble(
  q: Operand,
  k: Operand,
  options: ReadMapOptions,
  { batchSize, numHeads, numKvHeads, seqlenQ, seqlenK, headDim }: MapSizes,
  rows: unknown,
): MapProblem {
  return {
    q,
    k,
    pairing: kPairings[options.layout],
    batchSize,
    numHeads,
    numKvHeads,
    seqlenQ,
    seqlenK,
    headDim,
    softmaxScale: options.softmaxScale ?? 1 / Math.sqrt(headDim),
    rows: readRows(rows, seqlenQ),
    visible: mask(options, seqlenQ, seqlenK),
  };
}

function readRank4(name: string, source: Source): Operand {
  const operand = readOperand(name, source);
  expectRank4(name, operand);
  return operand;
}

function readRows(rows: unknown, seqlenQ: number): readonly number[] {
  if (rows === undefined) return Array.from({ length: seqlenQ }, (_, row) => row);
  const chosen = expectArray('rows', rows, 'queries');
  return Array.from(chosen, (row, r) => expectInteger(`rows[${r}]`, row, 0, seqlenQ - 1));
}

/** From the definition: query i stands at i + Nk − Nq among the keys. */
function mask(options: ReadMapOptions, seqlenQ: number, seqlenK: number) {
  const { causal, sinks, windowLeft, windowRight } = options;
  const left = windowLeft === -1 ? Infinity : windowLeft;
  const right = windowRight === -1 ? Infinity : windowRight;
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

function readLambda(lambda: unknown, shape: readonly [number, number, number]) {
  const [, seqlenQ, numHeads] = shape;
  if (typeof lambda === 'number') return () => lambda;
  const operand = readOperand('lambda', lambda);
  const at = (index: number) => operand.data[index] as number;
  if (hasShape(operand, [numHeads])) return (_b: number, _row: number, h: number) => at(h);
  if (hasShape(operand, shape)) {
    return (b: number, row: number, h: number) => at((b * seqlenQ + row) * numHeads + h);
  }
  const shapes = `[${numHeads}] or [${shape.join(', ')}]`;
  throw outOfRange(`a number or shape ${shapes}`, 'lambda', operand.shape);
}

function readSubln({ eps, weight }: NonNullable<ReadOptions['subln']>, valueDim: number) {
  if (weight === undefined) return { eps, weight: new Float64Array(valueDim).fill(1) };
  const operand = readOperand('subln.weight', weight);
  if (hasShape(operand, [valueDim])) return { eps, weight: operand.data };
  throw outOfRange(`shape [${valueDim}]`, 'subln.weight', operand.shape);
}

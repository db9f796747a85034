/** The arguments of the reference, checked, and their meaning: heads, pairs and the mask. */

import { kindOf, type Operand, readOperand, type Source } from './operand.js';

export type Layout = 'v1' | 'diffllama' | 'v2';

export interface MapOptions {
  /** @default 'v1' */
  layout?: Layout;
  /** Key j is visible to query i iff j ≤ i + Nk − Nq. @default false */
  causal?: boolean;
  /** [left, right] around i + Nk − Nq; −1 or Infinity: unbounded. */
  window?: readonly [number, number];
  /** The first keys that stay visible whatever the window says. @default 0 */
  sinks?: number;
  /** @default 1/√D */
  softmaxScale?: number;
  /** Queries to compute, in this order; the result has as many rows. @default all */
  rows?: readonly number[];
}

export interface Options extends MapOptions {
  /** A number, or values [H] or [B, Nq, H]. */
  lambda: number | Source;
  /** RMSNorm over the value dimension. */
  subln?: { /** @default 1e-5 */ eps?: number; /** [Dv] @default ones */ weight?: Source };
  /** @default 1 */
  outputScale?: number;
  returnLse?: boolean;
}

/** Which heads of q, k and v make differential head h of H, key head g of G = Hkv. */
interface Pairing {
  keyHeadsPerPair: number;
  valueHeads: number;
  query(h: number, H: number): readonly [number, number];
  key(g: number, G: number): readonly [number, number];
  value(g: number, G: number): readonly number[];
}

const kPairings: Record<Layout, Pairing> = {
  v1: {
    keyHeadsPerPair: 2,
    valueHeads: 1,
    query: (h) => [2 * h, 2 * h + 1],
    key: (g) => [2 * g, 2 * g + 1],
    value: (g) => [g],
  },
  diffllama: {
    keyHeadsPerPair: 2,
    valueHeads: 2,
    query: (h, H) => [h, h + H],
    key: (g, G) => [g, g + G],
    value: (g, G) => [g, g + G],
  },
  v2: {
    keyHeadsPerPair: 1,
    valueHeads: 1,
    query: (h) => [2 * h, 2 * h + 1],
    key: (g) => [g, g],
    value: (g) => [g],
  },
};

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
  const layout = options.layout ?? 'v1';
  if (!Object.hasOwn(kPairings, layout)) {
    throw new TypeError(`\`layout\` must be 'v1', 'diffllama' or 'v2', got ${kindOf(layout)}`);
  }
  const pairing = kPairings[layout];
  const [batchSize, seqlenQ, queryHeads, headDim] = q.shape as Shape4;
  const [keyBatch, seqlenK, keyHeads, keyDim] = k.shape as Shape4;
  const numHeads = queryHeads / 2;
  const numKvHeads = keyHeads / pairing.keyHeadsPerPair;
  expectRange(Number.isInteger(numHeads), `\`q\` must have an even number of heads`, queryHeads);
  expectRange(Number.isInteger(numKvHeads), `\`k\` must have an even number of heads`, keyHeads);
  expectRange(
    numKvHeads > 0 ? numHeads % numKvHeads === 0 : numHeads === 0,
    `\`k\`'s heads must divide the ${numHeads} differential heads`,
    numKvHeads,
  );
  expectRange(keyBatch === batchSize, `\`k\` must have batch size ${batchSize}`, keyBatch);
  expectRange(keyDim === headDim && headDim > 0, `\`k\` must have head dim ${headDim}`, keyDim);

  const rows = options.rows ?? Array.from({ length: seqlenQ }, (_, row) => row);
  for (const row of rows) {
    const inside = Number.isInteger(row) && row >= 0 && row < seqlenQ;
    expectRange(inside, `\`rows\` must be queries from 0 to ${seqlenQ - 1}`, row);
  }
  const visible = mask(options, seqlenQ, seqlenK);
  const softmaxScale = options.softmaxScale ?? 1 / Math.sqrt(headDim);
  expectNumber('softmaxScale', softmaxScale);
  const sizes = { batchSize, numHeads, numKvHeads, seqlenQ, seqlenK, headDim };
  return { q, k, pairing, ...sizes, softmaxScale, rows, visible };
}

export function problem(q: Source, k: Source, vSource: Source, options: Options): Problem {
  const maps = mapProblem(q, k, options);
  const { pairing, batchSize, numHeads, numKvHeads, seqlenQ, seqlenK, headDim } = maps;
  const v = readRank4('v', vSource);
  const width = pairing.keyHeadsPerPair / pairing.valueHeads;
  const shape = [batchSize, seqlenK, numKvHeads * pairing.valueHeads, headDim * width];
  expectRange(String(v.shape) === String(shape), `\`v\` must have shape [${shape}]`, v.shape);

  const valueDim = headDim * width * pairing.valueHeads;
  const lambda = readLambda(options.lambda, batchSize, seqlenQ, numHeads);
  const outputScale = options.outputScale ?? 1;
  expectNumber('outputScale', outputScale);
  const subln = options.subln && readSubln(options.subln, valueDim);
  return { ...maps, v, valueDim, lambda, subln, outputScale };
}

type Shape4 = [number, number, number, number];

function readRank4(name: string, source: Source): Operand {
  const operand = readOperand(name, source);
  expectRange(operand.shape.length === 4, `\`${name}\` must have 4 dimensions`, operand.shape);
  return operand;
}

/** From the definition: query i stands at i + Nk − Nq among the keys. */
function mask(options: MapOptions, nq: number, nk: number) {
  const { causal = false, window = [-1, -1], sinks = 0 } = options;
  if (typeof causal !== 'boolean') {
    throw new TypeError(`\`causal\` must be a boolean, got ${kindOf(causal)}`);
  }
  if (!Array.isArray(window) || window.length !== 2) {
    throw new TypeError(`\`window\` must be [left, right], got ${kindOf(window)}`);
  }
  const bound = (size: number) => (size === -1 ? Infinity : size);
  const [left, right] = [bound(window[0]), bound(window[1])];
  for (const size of [left, right, sinks]) {
    const natural = size >= 0 && (size === Infinity || Number.isInteger(size));
    expectRange(natural, '`window` and `sinks` must be integers ≥ 0', size);
  }
  return (row: number) => {
    const position = row + nk - nq;
    const keys: number[] = [];
    for (let j = 0; j < nk; j += 1) {
      const inWindow = position - left <= j && j <= position + right;
      if ((!causal || j <= position) && (inWindow || j < sinks)) keys.push(j);
    }
    return keys;
  };
}

function readLambda(lambda: number | Source, batchSize: number, seqlenQ: number, heads: number) {
  if (typeof lambda === 'number') return () => lambda;
  const { data, shape } = readOperand('lambda', lambda);
  const at = (index: number) => data[index] as number;
  if (String(shape) === String([heads])) return (_b: number, _row: number, h: number) => at(h);
  const full = [batchSize, seqlenQ, heads];
  const expected = `\`lambda\` must be a number or have shape [${heads}] or [${full}]`;
  expectRange(String(shape) === String(full), expected, shape);
  return (b: number, row: number, h: number) => at((b * seqlenQ + row) * heads + h);
}

function readSubln({ eps = 1e-5, weight }: NonNullable<Options['subln']>, valueDim: number) {
  expectNumber('subln.eps', eps);
  if (weight === undefined) return { eps, weight: new Float64Array(valueDim).fill(1) };
  const { data, shape } = readOperand('subln.weight', weight);
  const expected = `\`subln.weight\` must have shape [${valueDim}]`;
  expectRange(String(shape) === String([valueDim]), expected, shape);
  return { eps, weight: data };
}

function expectNumber(name: string, value: unknown): void {
  if (typeof value !== 'number') {
    throw new TypeError(`\`${name}\` must be a number, got ${kindOf(value)}`);
  }
}

function expectRange(holds: boolean, expected: string, got: number | readonly number[]): void {
  if (!holds) throw new RangeError(`${expected}, got ${Array.isArray(got) ? `[${got}]` : got}`);
}

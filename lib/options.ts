/**
 * The options of diffAttention: their meaning, defaults and kinds. Relations to tensors come later.
 */

import { outOfRange, wrongKind } from './errors.js';
import {
  expectArray,
  expectBoolean,
  expectFinite,
  expectInteger,
  expectNumber,
  expectObject,
  expectWord,
} from './expect.js';
import { kLayoutNames, type Layout } from './layout.js';
import type { Tensor } from './tensor.js';

/** RMSNorm of every output row over the value dimension. */
export interface SublnOptions {
  /** Added to the mean square; at least 0. @default 1e-5 */
  eps?: number | undefined;
  /** float32 [Dv], on the device of q. @default ones */
  weight?: Tensor | undefined;
}

/** What `diffAttention` computes; with [B, Nq, H, Dv] the shape of the result. */
export interface DiffAttentionOptions {
  /**
   * What map 2 is multiplied with: a number, or a float32 tensor [H] or [B, Nq, H] on the device of
   * q. Any form goes with any layout. See `lambdaInit` and `lambdaFull`.
   */
  lambda: number | Tensor;
  /** Which heads belong together. @default 'v1' */
  layout?: Layout | undefined;
  /** Query i sees key j iff j ≤ i + Nk − Nq, so that the last query sees all. @default false */
  causal?: boolean | undefined;
  /**
   * `[left, right]`: query i sees keys from i + Nk − Nq − left to i + Nk − Nq + right. Each an
   * integer ≥ 0; −1 or Infinity: unbounded. @default unbounded
   */
  window?: readonly [left: number, right: number] | undefined;
  /**
   * The first keys, that many, stay visible whatever the window says; never against causal. With a
   * window this is the mask of LM-Infinite (arXiv 2308.16137) and StreamingLLM (arXiv 2309.17453).
   * @default 0
   */
  sinks?: number | undefined;
  /** Multiplies the logits; of magnitude 2 ** 127 at most. @default 1/√D */
  softmaxScale?: number | undefined;
  /** @default none */
  subln?: SublnOptions | undefined;
  /** Multiplies the result, after subln; the paper's is 1 − λ_init. @default 1 */
  outputScale?: number | undefined;
  /** Return the log-sum-exp of both maps too. @default false */
  returnLse?: boolean | undefined;
}

/** What decides the two softmax maps, with every default that does not depend on a tensor. */
export interface ReadMapOptions {
  readonly layout: Layout;
  readonly causal: boolean;
  /** −1: unbounded */
  readonly windowLeft: number;
  readonly windowRight: number;
  readonly sinks: number;
  readonly softmaxScale: number | undefined;
}

export interface ReadOptions {
  readonly maps: ReadMapOptions;
  /** A number, or an object that is yet to be read, like the weight. */
  readonly lambda: unknown;
  readonly subln: { readonly eps: number; readonly weight: unknown } | undefined;
  readonly outputScale: number;
  readonly returnLse: boolean;
}

export const kOptionNames: readonly (keyof DiffAttentionOptions)[] = [
  'lambda',
  'layout',
  'causal',
  'window',
  'sinks',
  'softmaxScale',
  'subln',
  'outputScale',
  'returnLse',
];
const kUnbounded = -1;

/** `names` are those that may be there; what is not listed above, the caller reads itself. */
export function readOptions(value: unknown, names: readonly string[] = kOptionNames): ReadOptions {
  const maps = readMapOptions(value, names);
  const { lambda, subln, outputScale = 1, returnLse = false } = value as Record<string, unknown>;
  if (typeof lambda !== 'number' && typeof lambda !== 'object') {
    throw wrongKind('a number or a Tensor', 'lambda', lambda);
  }
  return {
    maps,
    lambda: typeof lambda === 'number' ? expectFinite('lambda', lambda) : lambda,
    subln: subln === undefined ? undefined : readSubln(subln),
    outputScale: expectFinite('outputScale', outputScale),
    returnLse: expectBoolean('returnLse', returnLse),
  };
}

/** Of the same object. */
export function readMapOptions(value: unknown, names: readonly string[]): ReadMapOptions {
  const options = expectObject('options', value, names);
  const { layout = 'v1', causal = false, sinks = 0, softmaxScale } = options;
  const [windowLeft, windowRight] = readWindow(options.window);
  return {
    layout: expectWord('layout', layout, kLayoutNames),
    causal: expectBoolean('causal', causal),
    windowLeft,
    windowRight,
    sinks: expectInteger('sinks', sinks),
    softmaxScale: softmaxScale === undefined ? undefined : readScale(softmaxScale),
  };
}

/** Kernels exponentiate in base 2: times log2 e it must be finite in float32 too. */
const kLargestScale = 2 ** 127;

function readScale(value: unknown): number {
  const scale = expectNumber('softmaxScale', value);
  if (!(Math.abs(scale) <= kLargestScale)) {
    throw outOfRange('a number of magnitude 2 ** 127 at most', 'softmaxScale', scale);
  }
  return scale;
}

function readWindow(value: unknown): [left: number, right: number] {
  if (value === undefined) return [kUnbounded, kUnbounded];
  const window = expectArray('window', value, 'two bounds');
  if (window.length !== 2) throw outOfRange('two bounds, [left, right],', 'window', window);
  return [readBound('window[0]', window[0]), readBound('window[1]', window[1])];
}

function readBound(name: string, value: unknown): number {
  if (expectNumber(name, value) === Infinity) return kUnbounded;
  return expectInteger(name, value, kUnbounded);
}

function readSubln(value: unknown): ReadOptions['subln'] {
  const { eps = 1e-5, weight } = expectObject('subln', value, ['eps', 'weight']);
  const number = expectFinite('subln.eps', eps);
  if (number < 0) throw outOfRange('a number ≥ 0', 'subln.eps', number);
  return { eps: number, weight };
}

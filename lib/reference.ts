/**
 * The oracle: differential attention in float64 and plain TypeScript, straight from the formula,
 * with no native part; and the rule by which a result in lower precision is judged against it.
 *
 * @packageDocumentation
 */

export type { DType } from './dtype.js';
export type { Layout } from './layout.js';
export {
  attentionMaps,
  diffAttention,
  type Values,
  type ValuesWithLse,
} from './reference/attention.js';
export { type Check, check, type Result, type ResultWithLse } from './reference/check.js';
export { fromBits, type HalfDType, roundTo, toBits } from './reference/half.js';
export type { Readable, Source } from './reference/operand.js';
export type { MapOptions, Options, SublnOptions } from './reference/problem.js';
export type { Element, Judgement } from './reference/rule.js';

/**
 * The oracle: differential attention in float64 and plain TypeScript, straight from the formula, with
 * no native part; and the rule by which a result in lower precision is judged against it.
 */

export { attentionMaps, diffAttention, type Values } from './reference/attention.js';
export { type Check, check, type Result } from './reference/check.js';
export { type DType, fromBits, type HalfDType, roundTo, toBits } from './reference/half.js';
export type { ArraySource, Source, TensorSource } from './reference/operand.js';
export type { Layout, MapOptions, Options } from './reference/problem.js';

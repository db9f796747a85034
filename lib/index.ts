/**
 * Differential attention for Node.js: fused CUDA and CPU kernels behind a thin tensor.
 *
 * @packageDocumentation
 */

export { type DiffAttentionResult, diffAttention } from './attention.js';
export type { Device } from './device.js';
export type { DataTypes, DType, Float16Data } from './dtype.js';
export { elapsed } from './elapsed.js';
export { FlashDiffError, type FlashDiffErrorCode } from './errors.js';
export {
  type CpuInspection,
  type CudaDeviceInspection,
  type Inspection,
  inspect,
} from './inspect.js';
export { type LambdaVectors, lambdaFull, lambdaInit } from './lambda.js';
export type { Layout } from './layout.js';
export type { TensorLike } from './like.js';
export type { DiffAttentionOptions, SublnOptions } from './options.js';
export type { Range } from './shape.js';
export type { Data } from './source.js';
export { type EmptyOptions, type FromOptions, Tensor, type ToOptions } from './tensor.js';

/** Differential attention on a device. */

import type { Storage } from '../binding.js';
import type { DType } from './dtype.js';
import { native } from './native.js';
import type { DiffAttentionOptions } from './options.js';
import { readProblem } from './problem.js';
import { adopt, type Tensor } from './tensor.js';

/** What diffAttention gives with `returnLse`. */
export interface DiffAttentionResult<D extends DType = DType> {
  /** [B, Nq, H, Dv] in the dtype of q. */
  readonly out: Tensor<D>;
  /** Log-sum-exp of the scaled logits of both maps: float32 [2, B, H, Nq], natural logarithm. */
  readonly lse: Tensor<'float32'>;
}

/**
 * Differential attention: for every differential head h,
 *
 *     out = softmax(s · Q1 K1ᵀ + mask) V − λ · softmax(s · Q2 K2ᵀ + mask) V
 *     out = outputScale · RMSNorm(out)                                        where subln asks for it
 *
 * in one kernel: the differential attention of the Differential Transformer
 * ([arXiv 2410.05258](https://arxiv.org/abs/2410.05258), section 2.1). It checks its arguments,
 * enqueues the work on the device of its operands and returns at once. Strided operands are read
 * where they are; only their last dimension must be contiguous. A query that sees no key gets 0 and
 * lse −Infinity; masked keys and values change nothing, whatever they hold. B, Nq and Nk may be 0.
 *
 * @param q queries [B, Nq, 2H, D]
 * @param k keys [B, Nk, 2Hkv, D], or [B, Nk, Hkv, D] in layout `'v2'`; Hkv divides H
 * @param v values [B, Nk, Hkv, 2D]; [B, Nk, 2Hkv, D] in `'diffllama'`, [B, Nk, Hkv, D] in `'v2'`
 * @returns [B, Nq, H, 2D] ([B, Nq, H, D] in `'v2'`) in the dtype of q; `{ out, lse }` with
 *   returnLse
 * @throws TypeError for the wrong kind of value, or an option that does not exist
 * @throws RangeError for shapes, dtypes, devices or numbers that do not go together
 * @throws FlashDiffError `ERR_UNSUPPORTED` when the device has no kernel for the problem,
 *   `ERR_DISPOSED` for a disposed operand
 */
export function diffAttention<D extends DType>(
  q: Tensor<D>,
  k: Tensor<D>,
  v: Tensor<D>,
  options: DiffAttentionOptions & { returnLse?: false | undefined },
): Tensor<D>;
export function diffAttention<D extends DType>(
  q: Tensor<D>,
  k: Tensor<D>,
  v: Tensor<D>,
  options: DiffAttentionOptions & { returnLse: true },
): DiffAttentionResult<D>;
export function diffAttention<D extends DType>(
  q: Tensor<D>,
  k: Tensor<D>,
  v: Tensor<D>,
  options: DiffAttentionOptions,
): Tensor<D> | DiffAttentionResult<D>;
export function diffAttention(
  q: Tensor,
  k: Tensor,
  v: Tensor,
  options: DiffAttentionOptions,
): Tensor | DiffAttentionResult {
  const { args, outShape, lseShape } = readProblem(q, k, v, options);
  const [out, lse] = native().forward(args) as [Storage, Storage];
  const result = adopt(out, args.device, args.dtype, outShape);
  if (!args.returnLse) return result;
  return { out: result, lse: adopt(lse, args.device, 'float32', lseShape) };
}

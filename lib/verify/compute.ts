/** Runs a problem on a device and holds the result to the rule. */

import { diffAttention, type Tensor } from '../index.js';
import { type Check, check, type Result } from '../reference.js';
import type { Problem } from './problem.js';
import { type Setup, withTensors } from './tensors.js';

export interface Results {
  out: { data: ArrayLike<number>; shape: readonly number[]; dtype: string };
  lse?: { data: ArrayLike<number>; shape: readonly number[]; dtype: string };
}

export async function compute(problem: Problem, setup: Setup): Promise<Results> {
  return withTensors(problem, setup, async ({ q, k, v, options }) => {
    const result = diffAttention(q, k, v, options) as Tensor | { out: Tensor; lse: Tensor };
    if (!('lse' in result)) return { out: await read(result) };
    return { out: await read(result.out), lse: await read(result.lse) };
  });
}

export async function computeAndCheck(
  problem: Problem,
  { rows, ...setup }: Setup & { rows?: readonly number[] },
): Promise<Check> {
  const { out, lse } = await compute(problem, setup);
  const result: Result = lse ? { out, lse } : out;
  const { q, k, v, options } = problem;
  return check(result, q, k, v, { ...options, ...(rows && { rows }) });
}

async function read(tensor: Tensor) {
  const { shape, dtype } = tensor;
  const data = await tensor.data();
  tensor.dispose();
  return { data, shape, dtype };
}

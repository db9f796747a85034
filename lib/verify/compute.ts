/** Runs a problem on a device and holds the result to the rule. */

import { diffAttention, type Tensor } from '../index.js';
import { type Check, check, type Result } from '../reference.js';
import { firstNotFinite } from './finite.js';
import type { Problem, Values } from './problem.js';
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

/** Rows that are not among `rows` must at least hold numbers. */
export async function computeAndCheck(
  problem: Problem,
  { rows, ...setup }: Setup & { rows?: readonly number[] },
): Promise<Check> {
  const { out, lse } = await compute(problem, setup);
  const result: Result = lse ? { out, lse } : out;
  const { q, k, v, options } = problem;
  const report = check(result, q, k, v, { ...options, ...(rows && { rows }) });
  const stranger =
    report.ok && rows ? strangerIn(problem, { out, ...(lse && { lse }) }) : undefined;
  return stranger ? { ...report, ok: false, message: `${report.message}\n${stranger}` } : report;
}

/** What numbers alone cannot give, in a sentence. A row that sees no key has lse −Infinity. */
function strangerIn({ q, k, v, options }: Problem, { out, lse }: Results): string | undefined {
  const { lambda, subln } = options;
  const inputs = [q, k, v, lambda, subln?.weight].filter((x) => typeof x === 'object') as Values[];
  if (inputs.some((values) => firstNotFinite(values) >= 0)) return undefined;
  for (const [name, at] of [
    ['out', firstNotFinite(out)],
    ['lse', lse ? firstNotFinite(lse, -Infinity) : -1],
  ] as const) {
    if (at >= 0) return `${name}: element ${at} is NaN or infinite, and no input is`;
  }
  return undefined;
}

async function read(tensor: Tensor) {
  const { shape, dtype } = tensor;
  const data = await tensor.data();
  tensor.dispose();
  return { data, shape, dtype };
}

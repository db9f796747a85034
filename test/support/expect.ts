/** Fails a test whose result is beyond the rule. */

import type { Check, Result } from 'flashdiff/reference';
import { computeAndCheck, type Results } from '../../dist/verify/compute.js';
import type { Problem } from '../../dist/verify/problem.js';
import type { Setup } from '../../dist/verify/tensors.js';

export { compute, type Results } from '../../dist/verify/compute.js';

/** As `check` takes it. */
export function resultOf({ out, lse }: Results): Result {
  return lse ? { out, lse } : out;
}

export async function expectWithinRule(
  problem: Problem,
  setup: Setup & { rows?: readonly number[] },
): Promise<Check> {
  const report = await computeAndCheck(problem, setup);
  if (!report.ok) throw new Error(`${problem.name} on ${setup.device}\n${report.message}`);
  return report;
}

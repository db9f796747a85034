/** A process that runs problems on one engine, which its environment chose, and reports each. */

import type { Device } from '../device.js';
import { diffAttention } from '../index.js';
import { type Case, nameOf } from './cases.js';
import { computeAndCheck } from './compute.js';
import { problemOf } from './problem.js';
import { rowsOf } from './rows.js';
import { isCovered, onDevice } from './table.js';
import { withTensors } from './tensors.js';

export interface Task {
  readonly device: Device;
  readonly cases: readonly Case[];
}

export interface Outcome {
  readonly seed: number;
  readonly name: string;
  /** 'refused': not covered, and said so. */
  readonly verdict: 'right' | 'refused' | 'wrong';
  /** Largest error of an element as a share of its limit. */
  readonly share: number;
  readonly message: string;
}

async function run(given: Case, device: Device): Promise<Outcome> {
  const c = onDevice(given, device);
  const name = nameOf(c);
  const outcome = { seed: c.seed, name, share: 0, message: '' };
  try {
    const problem = problemOf(c, name);
    if (!isCovered(c, device)) {
      await withTensors(problem, { device, view: c.view }, expectRefusal);
      return { ...outcome, verdict: 'refused' };
    }
    const check = await computeAndCheck(problem, { device, view: c.view, rows: rowsOf(c) });
    const share = Math.max(check.out.share, check.lse?.share ?? 0);
    return { ...outcome, verdict: check.ok ? 'right' : 'wrong', share, message: check.message };
  } catch (error) {
    return { ...outcome, verdict: 'wrong', message: String(error) };
  }
}

function expectRefusal({ q, k, v, options }: Parameters<Parameters<typeof withTensors>[2]>[0]) {
  try {
    diffAttention(q, k, v, options);
  } catch (error) {
    if ((error as { code?: string }).code === 'ERR_UNSUPPORTED') return;
    throw error;
  }
  throw new Error('expected ERR_UNSUPPORTED for a head dim that is not covered, got a result');
}

process.on('message', async ({ device, cases }: Task) => {
  for (const c of cases) process.send?.(await run(c, device));
  process.disconnect();
});

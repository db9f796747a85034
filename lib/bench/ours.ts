/** Our own times: device time, one measurement a call, each result checked before it is timed. */

import type { DType } from '../dtype.js';
import {
  type DiffAttentionOptions,
  type DiffAttentionResult,
  diffAttention,
  elapsed,
  type Range,
  Tensor,
} from '../index.js';
import { check, type Options } from '../reference.js';
import { rowsAcross } from '../verify/rows.js';
import { fill } from './data.js';
import { type Contender, summarise } from './result.js';
import { flopsOf, type Mask, type Shape } from './shape.js';

export interface Setting {
  readonly device: 'cpu' | 'cuda';
  readonly dtype: DType;
  readonly runs: number;
  readonly table: Uint16Array;
}

export type Operands = readonly [q: Tensor, k: Tensor, v: Tensor];

export const kLambda = 0.8;
const kCheckedRows = 24;
/** 256 MiB of float32, five times the L2 of the largest GPU. */
const kFlush = 1 << 26;

export function operandsOf(shape: Shape, { device, dtype, table }: Setting): Operands {
  const { batch, heads, kvHeads, seqlenQ, seqlenK, headDim } = shape;
  const make = (seed: number, lengths: readonly number[]) => {
    const bits = fill(
      lengths.reduce((a, b) => a * b),
      seed,
      table,
    );
    const tensor = Tensor.from(bits, { shape: lengths, dtype: 'bfloat16', device });
    const converted = tensor.to({ dtype });
    tensor.dispose();
    return converted;
  };
  return [
    make(1, [batch, seqlenQ, 2 * heads, headDim]),
    make(2, [batch, seqlenK, 2 * kvHeads, headDim]),
    make(3, [batch, seqlenK, kvHeads, 2 * headDim]),
  ];
}

export const optionsOf = ({ causal, left }: Mask) => ({
  lambda: kLambda,
  causal,
  ...(left !== undefined && { window: [left, causal ? 0 : -1] as const }),
});

const kExtra = { subln: { eps: 1e-5 }, outputScale: 0.2, returnLse: true } as const;

/** The bare result, and the same with norm, scale and log-sum-exp fused. */
export async function measureOurs(
  shape: Shape,
  mask: Mask,
  operands: Operands,
  setting: Setting,
): Promise<Contender[]> {
  const flops = flopsOf(shape, mask);
  const bare = optionsOf(mask);
  const extended = { ...bare, ...kExtra };
  const ours = { name: 'flashdiff', role: 'ours', flops } as const;
  const variant = { name: 'flashdiff, norm + scale + lse', role: 'variant', flops } as const;
  try {
    const calls = [
      { contender: ours, options: bare },
      { contender: variant, options: extended },
    ].map(({ contender, options }) => ({
      contender: { ...contender, error: checkRows(shape, operands, options) },
      run: () => disposeOf(diffAttention(...operands, options)),
      warm: [] as number[],
      cold: [] as number[],
    }));
    await time(calls, setting);
    return calls.map(({ contender, warm, cold }) => ({
      ...contender,
      warm: summarise(warm),
      ...(cold.length > 0 && { cold: summarise(cold) }),
    }));
  } catch (failure) {
    return [{ ...ours, failed: (failure as Error).message }];
  }
}

type Result = Tensor | DiffAttentionResult;

function disposeOf(result: Result): void {
  const { out, lse } = partsOf(result);
  out.dispose();
  lse?.dispose();
}

function partsOf(result: Result): { out: Tensor; lse?: Tensor } {
  return result instanceof Tensor ? { out: result } : result;
}

/** Holds sampled rows of the first and the last head to the rule; gives the largest error. */
function checkRows(shape: Shape, [q, k, v]: Operands, options: DiffAttentionOptions): number {
  const { batch, heads, kvHeads, seqlenQ } = shape;
  const result: Result = diffAttention(q, k, v, options);
  const { out, lse } = partsOf(result);
  const rows = rowsAcross(seqlenQ, kCheckedRows, seqlenQ);
  const views: Tensor[] = [];
  const part = (tensor: Tensor, ...ranges: Range[]) => {
    views.push(tensor.slice(...ranges));
    return views.at(-1) as Tensor;
  };
  let worst = 0;
  try {
    for (const [b, h] of [
      [0, 0],
      [batch - 1, heads - 1],
    ] as const) {
      const g = Math.floor(h / (heads / kvHeads));
      const own = part(out, [b, b + 1], null, [h, h + 1]);
      const sums = lse && part(lse, null, [b, b + 1], [h, h + 1]);
      const operands = [
        part(q, [b, b + 1], null, [2 * h, 2 * h + 2]),
        part(k, [b, b + 1], null, [2 * g, 2 * g + 2]),
        part(v, [b, b + 1], null, [g, g + 1]),
      ] as const;
      const one = sums ? { out: own, lse: sums } : own;
      const report = check(one, ...operands, { ...(options as Options), rows });
      if (!report.ok) throw new Error(`wrong on sampled rows of head ${h}: ${report.message}`);
      worst = Math.max(worst, report.out.error);
    }
    return worst;
  } finally {
    for (const view of views) view.dispose();
    disposeOf(result);
  }
}

interface Call {
  readonly run: () => void;
  /** Samples. */
  readonly warm: number[];
  readonly cold: number[];
}

/**
 * On CUDA, what stands in front of a call hides its launch and leaves the caches warm or cold.
 * The calls take turns: the clock of a device that gets warm falls for all of them.
 */
async function time(calls: readonly Call[], { device, runs }: Setting): Promise<void> {
  for (const { run } of calls) run();
  const scratch = device === 'cuda' ? Tensor.empty([kFlush], { device }) : undefined;
  for (let i = 0; i < runs; i += 1) {
    for (const { run, warm } of calls) {
      if (scratch) run();
      warm.push(await elapsed(device, run));
    }
  }
  for (let i = 0; scratch && i < runs; i += 1) {
    for (const { run, cold } of calls) {
      scratch.to({ dtype: 'bfloat16' }).dispose();
      cold.push(await elapsed(device, run));
    }
  }
  scratch?.dispose();
}

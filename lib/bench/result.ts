/** The file that a benchmark leaves and that reports are drawn from: one format for all devices. */

import { readFileSync } from 'node:fs';
import type { Mask, Shape } from './shape.js';

export const kFormat = 'flashdiff-bench-1';

/** Milliseconds. */
export interface Times {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly runs: number;
}

export interface Contender {
  readonly name: string;
  /**
   * 'variant': ours with more options. 'standard': the plain Transformer of the same size, which
   * computes something else and counts its own FLOP.
   */
  readonly role: 'ours' | 'variant' | 'peer' | 'standard';
  readonly flops: number;
  /** The same call has just run. */
  readonly warm?: Times;
  /** The caches were overwritten in between. */
  readonly cold?: Times;
  /** Largest on sampled rows. */
  readonly error?: number;
  /** Why there are no times. */
  readonly failed?: string;
}

export interface Measurement {
  readonly shape: Shape;
  readonly mask: Mask;
  readonly contenders: readonly Contender[];
}

export interface Series {
  readonly device: 'cpu' | 'cuda';
  readonly dtype: string;
  /** What computes: the processor with its engine, or the GPU with its kernels. */
  readonly hardware: string;
  readonly ceilings: Ceilings;
  readonly measurements: readonly Measurement[];
}

/** Measured in the same run. */
export interface Ceilings {
  /** The fastest arithmetic seen in FLOP/s, and what that was. */
  readonly flops?: { readonly perSecond: number; readonly of: string };
  readonly bytes?: { readonly perSecond: number; readonly of: string };
}

export interface BenchFile {
  readonly format: typeof kFormat;
  /** ISO 8601 */
  readonly date: string;
  readonly command: string;
  /** Label to value, as shown. */
  readonly machine: Readonly<Record<string, string>>;
  readonly versions: Readonly<Record<string, string>>;
  readonly series: readonly Series[];
}

export function rate({ flops, warm }: Contender): number | undefined {
  return warm && (flops / warm.median) * 1e3;
}

/** By median, those that were timed. */
export function fastest(contenders: readonly Contender[], role: Contender['role']) {
  return contenders
    .filter((contender) => contender.role === role && contender.warm)
    .sort((a, b) => (a.warm?.median ?? 0) - (b.warm?.median ?? 0))[0];
}

export function readBenchFile(file: string): BenchFile {
  const expected = `expected a file written by \`flashdiff bench --json\`, got ${file}`;
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    throw new Error(`${expected}: ${(cause as Error).message}`, { cause });
  }
  const format = (value as BenchFile | null)?.format;
  if (format === kFormat) return value as BenchFile;
  throw new Error(`${expected}, which says format ${JSON.stringify(format)}, not ${kFormat}`);
}

export function summarise(samples: readonly number[]): Times {
  const sorted = [...samples].sort((a, b) => a - b);
  const at = (index: number) => sorted[index] ?? Number.NaN;
  const runs = sorted.length;
  const median = (at((runs - 1) >> 1) + at(runs >> 1)) / 2;
  return { median, min: at(0), max: at(runs - 1), runs };
}

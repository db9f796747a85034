/**
 * Judges what a device computed against the reference, by the rule of rule.ts. With u half a unit
 * in the last place, |v| and |out| the largest of a row, and p1, p2 the row's weights:
 *   unit  = u √(Σ (p1² + λ² p2²) |v|²) + u |out|
 *   floor = unit + c u₃₂ Σ (p1 + |λ| p2) |v|
 * The floor's second term is what float32 arithmetic costs in whatever order it is done: the sum is
 * the largest that a partial sum can be, c counts the roundings between a logit and the result. A
 * sub-layer norm magnifies the errors before it by outputScale · weight / rms.
 */

import type { DType } from '../dtype.js';
import { outOfRange } from '../errors.js';
import { hasShape } from '../sizes.js';
import { attendRow, type Head, heads, type Matrix, type Row } from './attention.js';
import { roundTo, unitRoundoff } from './half.js';
import { type Operand, readOperand, type Source } from './operand.js';
import { plainRow } from './plain.js';
import { type Options, type Problem, problem } from './problem.js';
import { type Judgement, judge, largest, type Sample, verdictOf } from './rule.js';

/** What diffAttention returned: out [B, Nq, H, Dv], or that and lse [2, B, H, Nq]. */
export type Result = Source | ResultWithLse;

/** What diffAttention returned with `returnLse: true`. */
export interface ResultWithLse {
  /** [B, Nq, H, Dv] */
  readonly out: Source;
  /** float32 [2, B, H, Nq] */
  readonly lse: Source;
}

/** A verdict, and what it rests on. */
export interface Check {
  /** Every element is within its limit. */
  readonly ok: boolean;
  /** One line a tensor: the errors, and where the worst one is. */
  readonly message: string;
  /** Of the result itself. */
  readonly out: Judgement;
  /** Of the log-sum-exp, where one was given. */
  readonly lse: Judgement | undefined;
}

/** exp (2), its argument, the sum, the division (2), λ and the difference */
const kSoftmaxRoundings = 8;
/** squares, their sum, eps, the root, and three products */
const kNormRoundings = 7;
/** maximum and logarithm: products with log₂e, ln 2 and the scale, and the sum */
const kLseRoundings = 4;

/** Less than the largest number of every dtype. */
const kAlwaysFinite = 65504;

/**
 * Judges diffAttention(q, k, v, options); `rows` restricts that to chosen queries.
 *
 * @throws TypeError, RangeError as diffAttention does, and for a result of another kind or shape
 */
export function check(result: Result, q: Source, k: Source, v: Source, options: Options): Check {
  const p = problem(q, k, v, options);
  const given = isPair(result) ? result : { out: result, lse: undefined };
  const out = readResult('out', given.out, [p.batchSize, p.seqlenQ, p.numHeads, p.valueDim]);
  const lseShape = [2, p.batchSize, p.numHeads, p.seqlenQ];
  const lse = given.lse && readResult('lse', given.lse, lseShape);
  const dtype = out.dtype ?? 'float32';

  const outSamples: Sample[] = [];
  const lseSamples: Sample[] = [];
  for (const head of heads(p)) {
    const sizes = rowSizes(head.values);
    for (const row of p.rows) {
      const expected = attendRow(p, head, row);
      const plain = plainRow(p, head, row, dtype);
      const sums = weightedSizes(expected, sizes);
      outSamples.push(outSample(p, head, row, out, dtype, expected, plain.out, sums));
      if (lse) lseSamples.push(...lseSample(p, head, row, lse, expected, plain.lse));
    }
  }
  const outJudgement = judge(outSamples);
  const lseJudgement = lse && judge(lseSamples);
  const lines = [verdictOf('out', outJudgement)];
  if (lseJudgement) lines.push(verdictOf('lse', lseJudgement));
  const ok = outJudgement.ok && (lseJudgement?.ok ?? true);
  return { ok, message: lines.join('\n'), out: outJudgement, lse: lseJudgement };
}

function isPair(result: Result): result is ResultWithLse {
  return typeof result === 'object' && result !== null && 'out' in result;
}

function readResult(name: string, source: Source, shape: readonly number[]): Operand {
  const operand = readOperand(name, source);
  if (hasShape(operand, shape)) return operand;
  throw outOfRange(`shape [${shape.join(', ')}]`, name, operand.shape);
}

function outSample(
  p: Problem,
  head: Head,
  row: number,
  out: Operand,
  dtype: DType,
  result: Row,
  plain: ArrayLike<number>,
  { squares, magnitudes }: ReturnType<typeof weightedSizes>,
): Sample {
  const gain = magnification(p, result.difference);
  const roundings = kSoftmaxRoundings + (p.subln ? kNormRoundings : 0);
  const u = unitRoundoff(dtype);
  const size = largest(result.out);
  const unit = u * (gain * Math.sqrt(squares) + size);
  const start = ((head.b * p.seqlenQ + row) * p.numHeads + head.h) * p.valueDim;
  return {
    at: (d) => [head.b, row, head.h, d],
    values: out.data.subarray(start, start + p.valueDim),
    expected: size < kAlwaysFinite ? result.out : result.out.map((x) => overflowed(dtype, x)),
    plain,
    unit,
    floor: unit + roundings * unitRoundoff('float32') * gain * magnitudes,
  };
}

/** What is too large for the dtype is expected to be Infinity. */
function overflowed(dtype: DType, value: number): number {
  const rounded = roundTo(dtype, value);
  return Number.isFinite(rounded) ? value : rounded;
}

/** |v| of each key. */
function rowSizes({ data, width }: Matrix): Float64Array {
  return Float64Array.from({ length: data.length / width }, (_, key) =>
    largest(data.subarray(key * width, (key + 1) * width)),
  );
}

/** The sums in the unit and the floor. Weights that are not finite count as 0. */
function weightedSizes({ keys, maps, lambda }: Row, sizes: Float64Array) {
  let [squares, magnitudes] = [0, 0];
  keys.forEach((key, n) => {
    const size = sizes[key] as number;
    const w1 = (maps[0].weights[n] || 0) * size;
    const w2 = (lambda * (maps[1].weights[n] as number) || 0) * size;
    squares += w1 * w1 + w2 * w2;
    magnitudes += w1 + Math.abs(w2);
  });
  return { squares, magnitudes };
}

function magnification({ subln, outputScale }: Problem, difference: Float64Array): number {
  if (!subln) return Math.abs(outputScale);
  const meanSquare = difference.reduce((sum, x) => sum + x * x, 0) / difference.length;
  const gain = (Math.abs(outputScale) * largest(subln.weight)) / Math.sqrt(meanSquare + subln.eps);
  return Number.isFinite(gain) ? gain : 0;
}

function lseSample(
  p: Problem,
  { b, h }: Head,
  row: number,
  lse: Operand,
  { maps }: Row,
  plain: readonly number[],
): Sample[] {
  return maps.map((map, m) => {
    const start = ((m * p.batchSize + b) * p.numHeads + h) * p.seqlenQ + row;
    const magnitude = Math.abs(map.max) + Math.abs(map.lse - map.max) + 1;
    const unit = Number.isFinite(magnitude) ? unitRoundoff('float32') * magnitude : 0;
    return {
      at: () => [m, b, h, row],
      values: lse.data.subarray(start, start + 1),
      expected: [map.lse],
      plain: [plain[m] as number],
      unit,
      floor: kLseRoundings * unit,
    };
  });
}

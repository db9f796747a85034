/**
 * The first gate: what tensors and options mean together. Kind, rank, relation, range; then flat
 * numbers for the addon, which checks them again as numbers.
 */

import type { ForwardArgs } from '../binding.js';
import { deviceName } from './device.js';
import { outOfRange } from './errors.js';
import { kLayouts } from './layout.js';
import { readOptions } from './options.js';
import { expectRank4, hasShape, readSizes, type Sizes } from './sizes.js';
import { type Operand, operandOf } from './tensor.js';

export interface Problem {
  readonly args: ForwardArgs;
  readonly outShape: readonly number[];
  readonly lseShape: readonly number[];
}

type LambdaArgs = Pick<ForwardArgs, Extract<keyof ForwardArgs, `lambda${string}`>>;
type WeightArgs = Pick<ForwardArgs, 'sublnWeight' | 'sublnWeightOffset'>;

export function readProblem(
  qTensor: unknown,
  kTensor: unknown,
  vTensor: unknown,
  given: unknown,
): Problem {
  const q = readOperand('q', qTensor);
  const k = readOperand('k', kTensor);
  const v = readOperand('v', vTensor);
  const options = readOptions(given);
  const { maps } = options;
  const rule = kLayouts[maps.layout];
  const sizes = readSizes(q, k, v, maps.layout);
  expectAlike('k', k, q);
  expectAlike('v', v, q);

  const { numHeads, numKvHeads, headDim } = sizes;
  const queries = rule.query(q, numHeads, headDim);
  const keys = rule.key(k, numKvHeads, headDim);
  const values = rule.value(v, numKvHeads, headDim);
  const { subln } = options;
  const args: ForwardArgs = {
    device: q.device,
    dtype: q.dtype,
    ...sizes,
    q: q.storage,
    q1Offset: queries.first,
    q2Offset: queries.second,
    qStrideBatch: stride(q, 0),
    qStrideSeq: stride(q, 1),
    qStrideHead: queries.stride,
    k: k.storage,
    k1Offset: keys.first,
    k2Offset: keys.second,
    kStrideBatch: stride(k, 0),
    kStrideSeq: stride(k, 1),
    kStrideHead: keys.stride,
    v: v.storage,
    vLeftOffset: values.first,
    vRightOffset: values.second,
    vStrideBatch: stride(v, 0),
    vStrideSeq: stride(v, 1),
    vStrideHead: values.stride,
    ...readLambda(options.lambda, q, sizes),
    softmaxScale: maps.softmaxScale ?? 1 / Math.sqrt(headDim),
    causal: maps.causal,
    windowLeft: maps.windowLeft,
    windowRight: maps.windowRight,
    sinks: maps.sinks,
    subln: subln !== undefined,
    sublnEps: subln?.eps ?? 0,
    ...readWeight(subln?.weight, q, sizes),
    outputScale: options.outputScale,
    returnLse: options.returnLse,
  };
  const { batchSize, seqlenQ, valueDim } = sizes;
  return {
    args,
    outShape: [batchSize, seqlenQ, numHeads, valueDim],
    lseShape: [2, batchSize, numHeads, seqlenQ],
  };
}

function readOperand(name: string, value: unknown): Operand {
  const operand = operandOf(name, value);
  const { shape, strides } = operand;
  expectRank4(name, operand);
  if (strides[3] !== 1 && shape[3] !== 1) {
    const expected = 'a last dimension of stride 1 (a copy has it: .contiguous())';
    throw outOfRange(expected, name, strides);
  }
  return operand;
}

function readLambda(lambda: unknown, q: Operand, sizes: Sizes): LambdaArgs {
  if (typeof lambda === 'number') {
    return {
      lambda,
      lambdaData: null,
      lambdaOffset: 0,
      lambdaStrideBatch: 0,
      lambdaStrideSeq: 0,
      lambdaStrideHead: 0,
    };
  }
  const operand = readCompanion('lambda', lambda, q);
  const { batchSize, seqlenQ, numHeads } = sizes;
  const perHead = hasShape(operand, [numHeads]);
  if (!perHead && !hasShape(operand, [batchSize, seqlenQ, numHeads])) {
    const shapes = `[${numHeads}] or [${batchSize}, ${seqlenQ}, ${numHeads}]`;
    throw outOfRange(`a number or shape ${shapes}`, 'lambda', operand.shape);
  }
  return {
    lambda: 0,
    lambdaData: operand.storage,
    lambdaOffset: operand.offset,
    lambdaStrideBatch: perHead ? 0 : stride(operand, 0),
    lambdaStrideSeq: perHead ? 0 : stride(operand, 1),
    lambdaStrideHead: stride(operand, perHead ? 0 : 2),
  };
}

function readWeight(weight: unknown, q: Operand, { valueDim }: Sizes): WeightArgs {
  if (weight === undefined) return { sublnWeight: null, sublnWeightOffset: 0 };
  const name = 'subln.weight';
  const operand = readCompanion(name, weight, q);
  if (!hasShape(operand, [valueDim])) throw outOfRange(`shape [${valueDim}]`, name, operand.shape);
  if (stride(operand, 0) !== 1 && valueDim > 1) {
    throw outOfRange('stride 1 (a copy has it: .contiguous())', name, operand.strides);
  }
  return { sublnWeight: operand.storage, sublnWeightOffset: operand.offset };
}

/** A float32 tensor beside q, k and v. */
function readCompanion(name: string, value: unknown, q: Operand): Operand {
  const operand = operandOf(name, value);
  if (operand.dtype !== 'float32') throw outOfRange("dtype 'float32'", name, operand.dtype);
  expectSameDevice(name, operand, q);
  return operand;
}

function expectAlike(name: string, operand: Operand, q: Operand): void {
  if (operand.dtype !== q.dtype) {
    throw outOfRange(`dtype '${q.dtype}', that of \`q\`,`, name, operand.dtype);
  }
  expectSameDevice(name, operand, q);
}

function expectSameDevice(name: string, operand: Operand, q: Operand): void {
  if (operand.device !== q.device) {
    const device = deviceName(q.device);
    throw outOfRange(`a tensor on '${device}', where \`q\` is,`, name, deviceName(operand.device));
  }
}

function stride({ strides }: Operand, dimension: number): number {
  return strides[dimension] as number;
}

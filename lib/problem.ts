/**
 * The first gate: what tensors and options mean together. Kind, rank, relation, range; then flat
 * numbers for the addon, which checks them again as numbers.
 */

import type { ForwardArgs, ForwardNumbers, Storage } from '../binding.js';
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
  const lambda = readLambda(options.lambda, q, sizes);
  const weight = readWeight(subln?.weight, q, sizes);
  const numbers: ForwardNumbers = [
    sizes.batchSize,
    numHeads,
    numKvHeads,
    sizes.seqlenQ,
    sizes.seqlenK,
    headDim,
    sizes.valueDim,
    queries.first,
    queries.second,
    stride(q, 0),
    stride(q, 1),
    queries.stride,
    keys.first,
    keys.second,
    stride(k, 0),
    stride(k, 1),
    keys.stride,
    values.first,
    values.second,
    stride(v, 0),
    stride(v, 1),
    values.stride,
    lambda.value,
    lambda.offset,
    lambda.strideBatch,
    lambda.strideSeq,
    lambda.strideHead,
    maps.softmaxScale ?? 1 / Math.sqrt(headDim),
    maps.windowLeft,
    maps.windowRight,
    maps.sinks,
    subln?.eps ?? 0,
    weight.offset,
    options.outputScale,
  ];
  const args: ForwardArgs = {
    device: q.device,
    dtype: q.dtype,
    q: q.storage,
    k: k.storage,
    v: v.storage,
    lambdaData: lambda.storage,
    sublnWeight: weight.storage,
    causal: maps.causal,
    subln: subln !== undefined,
    returnLse: options.returnLse,
    numbers: new Float64Array(numbers),
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

interface Lambda {
  readonly storage: Storage | null;
  readonly value: number;
  readonly offset: number;
  readonly strideBatch: number;
  readonly strideSeq: number;
  readonly strideHead: number;
}

function readLambda(lambda: unknown, q: Operand, sizes: Sizes): Lambda {
  const none = { offset: 0, strideBatch: 0, strideSeq: 0, strideHead: 0 };
  if (typeof lambda === 'number') return { storage: null, value: lambda, ...none };
  const operand = readCompanion('lambda', lambda, q);
  const { batchSize, seqlenQ, numHeads } = sizes;
  const perHead = hasShape(operand, [numHeads]);
  if (!perHead && !hasShape(operand, [batchSize, seqlenQ, numHeads])) {
    const shapes = `[${numHeads}] or [${batchSize}, ${seqlenQ}, ${numHeads}]`;
    throw outOfRange(`a number or shape ${shapes}`, 'lambda', operand.shape);
  }
  return {
    storage: operand.storage,
    value: 0,
    offset: operand.offset,
    strideBatch: perHead ? 0 : stride(operand, 0),
    strideSeq: perHead ? 0 : stride(operand, 1),
    strideHead: stride(operand, perHead ? 0 : 2),
  };
}

interface Weight {
  readonly storage: Storage | null;
  readonly offset: number;
}

function readWeight(weight: unknown, q: Operand, { valueDim }: Sizes): Weight {
  if (weight === undefined) return { storage: null, offset: 0 };
  const name = 'subln.weight';
  const operand = readCompanion(name, weight, q);
  if (!hasShape(operand, [valueDim])) throw outOfRange(`shape [${valueDim}]`, name, operand.shape);
  if (stride(operand, 0) !== 1 && valueDim > 1) {
    throw outOfRange('stride 1 (a copy has it: .contiguous())', name, operand.strides);
  }
  return operand;
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

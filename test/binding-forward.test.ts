/** Misuse of `forward` straight at the addon, and what its devices refuse. */

import type { DType, ForwardArgs, Storage } from '../binding.js';
import {
  type Anything,
  CPU,
  expectFailure,
  failureOf,
  GONE,
  KIND,
  native,
  notBytes,
  notCounts,
  notDTypes,
  notNumbers,
  notStorages,
  RANGE,
  type Row,
  released,
  rows,
  zeros,
} from './support/binding.js';
import { devices } from './support/devices.js';

/** Layout v1: B 1, Nq 2, Nk 3, H 2, Hkv 1, D 4; every storage just large enough. */
const legalNumbers = {
  batchSize: 1,
  numHeads: 2,
  numKvHeads: 1,
  seqlenQ: 2,
  seqlenK: 3,
  headDim: 4,
  valueDim: 8,
  q1Offset: 0,
  q2Offset: 4,
  qStrideBatch: 32,
  qStrideSeq: 16,
  qStrideHead: 8,
  k1Offset: 0,
  k2Offset: 4,
  kStrideBatch: 24,
  kStrideSeq: 8,
  kStrideHead: 8,
  vLeftOffset: 0,
  vRightOffset: 4,
  vStrideBatch: 24,
  vStrideSeq: 8,
  vStrideHead: 8,
  lambda: 0.5,
  lambdaOffset: 0,
  lambdaStrideBatch: 0,
  lambdaStrideSeq: 0,
  lambdaStrideHead: 1,
  softmaxScale: 0.5,
  windowLeft: -1,
  windowRight: -1,
  sinks: 0,
  sublnEps: 1e-5,
  sublnWeightOffset: 0,
  outputScale: 1,
};
const numberNames = Object.keys(legalNumbers) as (keyof typeof legalNumbers)[];
const legal = {
  device: CPU,
  dtype: 'float32' as DType,
  q: zeros(32),
  k: zeros(24),
  v: zeros(24),
  lambdaData: zeros(2),
  sublnWeight: zeros(8),
  causal: false,
  subln: true,
  returnLse: true,
};

/** The legal call with other fields or numbers, by their names. */
const argsOf = (changes: Anything): ForwardArgs => {
  const numbers = Float64Array.from(numberNames, (name) => changes[name] ?? legalNumbers[name]);
  return { ...legal, numbers, ...changes };
};
const forward = (changes: Anything) => native.forward(argsOf(changes));
const field = (name: string, values: readonly unknown[], code: string) =>
  rows(`forward ${name}`, values, code, (value: Anything) => forward({ [name]: value }));

const sizes = [
  ...(['batchSize', 'numHeads', 'numKvHeads', 'seqlenQ', 'seqlenK'] as const),
  ...(['headDim', 'valueDim', 'sinks'] as const),
];
const positions = numberNames.filter((name) => /Offset|Stride/.test(name));
const storages = ['q', 'k', 'v', 'lambdaData', 'sublnWeight'] as const;
const real = ['lambda', 'softmaxScale', 'sublnEps', 'outputScale'] as const;

const forwards: Row[] = [
  ...rows('forward', [undefined, null, 1, 'a'], KIND, (args: Anything) => native.forward(args)),
  ['forward of nothing', () => native.forward({} as Anything), KIND],
  ...field('device', notNumbers, KIND),
  ...field(
    'numbers',
    [...notBytes, new Float32Array(34), new Float64Array(34).fill(1).buffer],
    KIND,
  ),
  ...field('numbers', [new Float64Array(0), new Float64Array(33), new Float64Array(35)], RANGE),
  ...(['causal', 'subln', 'returnLse'] as const).flatMap((name) =>
    field(name, [undefined, null, 0, 'false', {}], KIND),
  ),
  ...numberNames.map((name): Row => {
    return [`forward ${name}: named`, () => forward({ [name]: NaN }), RANGE, name];
  }),
  ...sizes.flatMap((name) => field(name, [...notCounts, 2 ** 31], RANGE)),
  ...positions.flatMap((name) => field(name, notCounts, RANGE)),
  ...real.flatMap((name) => field(name, [NaN, Infinity, -Infinity, 1e39], RANGE)),
  ...field('windowLeft', [-2, 0.5, NaN, 2 ** 31], RANGE),
  ...field('windowRight', [-2, 0.5, NaN, 2 ** 31], RANGE),
  ...field('dtype', notDTypes, KIND),
  ...field('dtype', ['float64', 'FLOAT32'], RANGE),
  ...(['q', 'k', 'v'] as const).flatMap((name) => field(name, notStorages, KIND)),
  ...field(
    'lambdaData',
    notStorages.filter((value) => value !== null),
    KIND,
  ),
  ...field(
    'sublnWeight',
    notStorages.filter((value) => value !== null),
    KIND,
  ),
  ...storages.flatMap((name) => field(name, [zeros(1)], RANGE)),
  ...storages.map((name): Row => {
    return [`forward ${name}: released`, () => forward({ [name]: released(32) }), GONE];
  }),
  ...storages.map((name): Row => {
    return [`forward ${name}: short bytes`, () => forward({ [name]: zeros(1, 'float16') }), RANGE];
  }),
  ...field('numHeads', [0, 3], RANGE),
  ...field('numKvHeads', [0, 3], RANGE),
  ...field('headDim', [0, 5], RANGE),
  ...field('valueDim', [0, 7, 12], RANGE),
  ...field('batchSize', [2, 2 ** 31 - 1], RANGE),
  ...field('seqlenQ', [3, 2 ** 31 - 1], RANGE),
  ...field('seqlenK', [4, 2 ** 31 - 1], RANGE),
  ...positions
    .filter((name) => !/StrideBatch|kStrideHead|vStrideHead|lambdaStrideSeq/.test(name))
    .flatMap((name) => field(name, [40, 2 ** 40, 2 ** 53 - 1], RANGE)),
];

test.each(forwards)('%s', (...[, call, code, argument]: Row) =>
  expectFailure(call, code, argument),
);

describe('on CUDA', () => {
  const withCuda = devices().includes('cuda') ? test : test.skip;
  withCuda.each(storages)('forward refuses %s on another device', (name) => {
    const elsewhere = native.transfer(legal[name] as Storage, 0);
    expectFailure(() => forward({ [name]: elsewhere }), RANGE);
  });

  /** The legal call in a half precision on a GPU, its operands as long as any change below needs. */
  const onCuda = (changes: Anything) => {
    const [q, k, v] = [0, 1, 2].map(() => native.zeros(0, 'bfloat16', 4096));
    const plain = { lambdaData: null, sublnWeight: null, subln: false };
    return forward({ ...plain, device: 0, dtype: 'bfloat16', q, k, v, ...changes });
  };
  const dims = (headDim: number, valueDim = headDim) => ({ headDim, valueDim });
  const aligned = { ...dims(8), q2Offset: 8, k2Offset: 8, vRightOffset: 8 };
  const wrongDim = (dim: number) =>
    `expected a head dimension on CUDA that is a multiple of 8 up to 128, got ${dim}`;
  const wrongPlace = (name: string) =>
    `expected the start and the strides of \`${name}\` on CUDA to be multiples of 16 bytes, got ` +
    'another view: copy it with .contiguous()';
  withCuda.each<[string, Anything, string]>([
    ['D = 136', dims(136), wrongDim(136)],
    ['D = 256', dims(256), wrongDim(256)],
    ['D = 4', dims(4), wrongDim(4)],
    ['D = 12, Dv = 24', dims(12, 24), wrongDim(12)],
    ['D = 127', dims(127), wrongDim(127)],
    ['q off its place', { ...aligned, q1Offset: 4 }, wrongPlace('q')],
    ['k off its place', { ...aligned, kStrideSeq: 12 }, wrongPlace('k')],
    ['v off its place', { ...aligned, vLeftOffset: 1 }, wrongPlace('v')],
    [
      'float32',
      { ...aligned, dtype: 'float32' },
      'expected `q`, `k` and `v` on CUDA to be float16 or bfloat16, got float32: convert them ' +
        "with .to({ dtype: 'bfloat16' })",
    ],
  ])('CUDA has no kernel for %s', (_name, changes, message) => {
    expect(onCuda(aligned)).toHaveLength(2);
    const failure = failureOf(() => onCuda(changes));
    expect([failure.constructor.name, failure.code]).toEqual(['Error', 'ERR_UNSUPPORTED']);
    expect(failure.message).toBe(message);
  });
});

describe('what is legal', () => {
  test('the call that the rows change', () => {
    expect(forward({})).toHaveLength(2);
    expect(forward({ returnLse: false, lambdaData: null, sublnWeight: null })).toHaveLength(1);
  });

  test.each(['batchSize', 'seqlenQ', 'seqlenK'])('%s of 0', (size) => {
    expect(forward({ [size]: 0 })).toHaveLength(2);
  });
});

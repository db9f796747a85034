/**
 * Misuse straight at the addon, past every check of lib: each bad value gets the right class, code
 * and sentence, and nothing crashes. The errors are of Node's realm, not of jest's, so their class is
 * told by its name.
 */

import { types } from 'node:util';
import type { Binding, CopyArgs, DType, ForwardArgs, Storage } from '../binding.js';
import { devices } from './support/devices.js';

// biome-ignore lint/suspicious/noExplicitAny: bad values are the point
type Anything = any;
type Row = [name: string, call: () => unknown, code: string, argument?: string | undefined];

const native: Binding = require('../build/Release/flashdiff.node');

const KIND = 'ERR_INVALID_ARG_TYPE';
const RANGE = 'ERR_OUT_OF_RANGE';
const GONE = 'ERR_DISPOSED';
const CPU = -1;

const zeros = (count: number, dtype: DType = 'float32') => native.zeros(CPU, dtype, count);
const released = (count: number) => {
  const storage = zeros(count);
  native.release(storage);
  return storage;
};

/** What every kind of argument must refuse, whatever it is for. */
const notNumbers = [undefined, null, '1', true, {}, [1], 1n];
const notCounts = [NaN, 0.5, -1, Infinity, -Infinity, 2 ** 53, 1e300];
const notStorages = [undefined, null, 1, {}, [], new Float32Array(4), native];
const notBytes = [undefined, null, 1, 'ab', {}, [0, 0], new ArrayBuffer(8)];
const notFunctions = [undefined, null, 1, {}];
const notDTypes = [undefined, null, 32, {}];

/** `name` is a function and, where one argument is at fault, that argument. */
function rows(name: string, values: readonly unknown[], code: string, call: Anything): Row[] {
  const [, argument] = name.split(' ');
  return values.map((value) => [`${name}: ${show(value)}`, () => call(value), code, argument]);
}

function show(value: unknown): string {
  if (typeof value === 'bigint') return `${value}n`;
  if (value === native) return 'the binding';
  return typeof value === 'object' && value !== null
    ? `${value.constructor.name} ${JSON.stringify(value)}`
    : String(value);
}

const classes: Record<string, string> = { [KIND]: 'TypeError', [RANGE]: 'RangeError' };
const kSentence = /^expected .+ for `(\w+)`, got \S.*$/;

function failureOf(call: () => unknown): Anything {
  try {
    call();
  } catch (error) {
    return error;
  }
  throw new Error('expected an error, got none');
}

/**
 * What is wrong in kind, or no number, names the argument; a wrong size may show in another that it
 * belongs to.
 */
function expectFailure(call: () => unknown, code: string, argument?: string): void {
  const failure = failureOf(call);
  expect(types.isNativeError(failure)).toBe(true);
  expect([failure.constructor.name, failure.code]).toEqual([classes[code] ?? 'Error', code]);
  expect(failure.message).toMatch(kSentence);
  const [, named] = kSentence.exec(failure.message) ?? [];
  if (argument && (code === KIND || / got NaN$/.test(failure.message))) {
    expect(named).toBe(argument);
  }
}

const four = new Float32Array(4);
const upload = (changes: Anything) => {
  const args = { device: CPU, data: four, from: 'float32', to: 'float32', count: 4, ...changes };
  return native.upload(args.device, args.data, args.from, args.to, args.count);
};
const detached = () => {
  const array = new Float32Array(4);
  structuredClone(array.buffer, { transfer: [array.buffer] });
  return array;
};
/** A view that reached the end of its buffer before that shrank. */
const shrunk = () => {
  const buffer = new (ArrayBuffer as Anything)(16, { maxByteLength: 16 });
  const array = new Float32Array(buffer, 0, 4);
  buffer.resize(8);
  return array;
};

/** Longer than what is read at once, on the thread of the caller. */
const kLong = 2 ** 20;
const resizable = (length: number) =>
  new Float32Array(new (ArrayBuffer as Anything)(4 * length, { maxByteLength: 8 * length }));

const memory: Row[] = [
  ...rows('upload device', notNumbers, KIND, (device: Anything) => upload({ device })),
  ...rows('upload device', [-2, 0.5, NaN, 2 ** 31], RANGE, (device: Anything) =>
    upload({ device }),
  ),
  ...rows('upload data', notBytes, KIND, (data: Anything) => upload({ data })),
  ...rows('upload srcDtype', notDTypes, KIND, (from: Anything) => upload({ from })),
  ...rows('upload srcDtype', ['', 'float64'], RANGE, (from: Anything) => upload({ from })),
  ...rows('upload dstDtype', notDTypes, KIND, (to: Anything) => upload({ to })),
  ...rows('upload dstDtype', ['Float32'], RANGE, (to: Anything) => upload({ to })),
  ...rows('upload count', notNumbers, KIND, (count: Anything) => upload({ count })),
  ...rows('upload count', [...notCounts, 5], RANGE, (count: Anything) => upload({ count })),
  ['upload of detached data', () => upload({ data: detached() }), KIND],
  ['upload of shrunk data', () => upload({ data: shrunk() }), RANGE],
  ['upload of too short a part', () => upload({ data: four.subarray(1) }), RANGE],
  ['upload without arguments', () => (native as Anything).upload(), KIND],

  ...rows('zeros count', notNumbers, KIND, (count: Anything) =>
    native.zeros(CPU, 'float32', count),
  ),
  ...rows('zeros count', notCounts, RANGE, (count: Anything) =>
    native.zeros(CPU, 'float32', count),
  ),
  ...rows('zeros dtype', notDTypes, KIND, (dtype: Anything) => native.zeros(CPU, dtype, 1)),
  ...rows('zeros dtype', ['int8'], RANGE, (dtype: Anything) => native.zeros(CPU, dtype, 1)),
  ...rows('allocatedBytes', notNumbers, KIND, (d: Anything) => native.allocatedBytes(d)),
  ...rows('release', notStorages, KIND, (storage: Anything) => native.release(storage)),
  ...rows('transfer', notStorages, KIND, (storage: Anything) => native.transfer(storage, CPU)),
  ...rows('transfer device', notNumbers, KIND, (d: Anything) => native.transfer(zeros(1), d)),
  ['transfer of a released one', () => native.transfer(released(1), CPU), GONE],
];

const readers: Row[] = (['read', 'readSync'] as const).flatMap((name) => {
  const read = (changes: Anything) => {
    const args = { src: zeros(4), byteOffset: 0, target: new Float32Array(4), ...changes };
    return native[name](args.src, args.byteOffset, args.target, () => {});
  };
  return [
    ...rows(`${name} src`, notStorages, KIND, (src: Anything) => read({ src })),
    ...rows(`${name} byteOffset`, notNumbers, KIND, (byteOffset: Anything) => read({ byteOffset })),
    ...rows(`${name} byteOffset`, [...notCounts, 1, 16, 17], RANGE, (byteOffset: Anything) =>
      read({ byteOffset }),
    ),
    ...rows(`${name} target`, notBytes, KIND, (target: Anything) => read({ target })),
    [`${name} into too much`, () => read({ target: new Float32Array(5) }), RANGE],
    [`${name} of a released one`, () => read({ src: released(4) }), GONE],
  ] as Row[];
});
readers.push([
  'read, later, into what may shrink',
  () => native.read(zeros(kLong), 0, resizable(kLong), () => {}),
  KIND,
]);

const copyArgs: CopyArgs = {
  src: zeros(12),
  srcDtype: 'float32',
  dstDtype: 'bfloat16',
  offset: 0,
  shape: [3, 4],
  strides: [4, 1],
};
const copy = (changes: Anything) => native.copy({ ...copyArgs, ...changes });
const copyField = (field: keyof CopyArgs, values: readonly unknown[], code: string) =>
  rows(`copy ${field}`, values, code, (value: Anything) => copy({ [field]: value }));

const copies: Row[] = [
  ...rows('copy', [undefined, null, 1, 'a'], KIND, (args: Anything) => native.copy(args)),
  ...copyField('src', notStorages, KIND),
  ...copyField('srcDtype', notDTypes, KIND),
  ...copyField('dstDtype', ['half'], RANGE),
  ...copyField('offset', notNumbers, KIND),
  ...copyField('offset', [...notCounts, 1, 2 ** 52], RANGE),
  ...copyField('shape', [undefined, null, 3, 'ab', {}, new Float32Array(2)], KIND),
  ...copyField('shape', [[3], [3, 4, 1], [4, 4], [3, -1], [3, 0.5], [2 ** 40, 2 ** 40]], RANGE),
  ...copyField(
    'shape',
    [
      [3, '4'],
      [null, 4],
      [undefined, undefined],
    ],
    KIND,
  ),
  ...copyField('strides', [[4], [5, 1], [4, 2], [-4, 1], [4, NaN], [2 ** 52, 2 ** 52]], RANGE),
  ...copyField('strides', [undefined, 'ab', ['4', 1]], KIND),
  ['copy of rank 9', () => copy({ shape: Array(9).fill(1), strides: Array(9).fill(1) }), RANGE],
  ['copy of a released one', () => copy({ src: released(12) }), GONE],
];

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
  ...field('numbers', [...notBytes, four, new Float64Array(34).fill(1).buffer], KIND),
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

const timers: Row[] = [
  ...rows('startTimer', notNumbers, KIND, (device: Anything) => native.startTimer(device)),
  ...rows('stopTimer', notStorages, KIND, (timer: Anything) => native.stopTimer(timer, () => {})),
  ['stopTimer of a storage', () => native.stopTimer(zeros(1) as Anything, () => {}), KIND],
  ['release of a timer', () => native.release(native.startTimer(CPU) as Anything), KIND],
  ...rows('stopTimer done', notFunctions, KIND, (done: Anything) =>
    native.stopTimer(native.startTimer(CPU), done),
  ),
];

describe.each([
  ['memory', memory],
  ['readers', readers],
  ['copies', copies],
  ['forward', forwards],
  ['timers', timers],
])('%s', (_group, table) => {
  test.each(table)('%s', (...[, call, code, argument]: Row) => expectFailure(call, code, argument));
});

test.each(['Storage', 'Timer'] as const)('new %s', (name) => {
  const failure = failureOf(() => new (native[name] as Anything)());
  expect([failure.constructor.name, failure.code]).toEqual(['TypeError', KIND]);
  expect(failure.message).toBe('expected no `new` for this class');
});

describe('devices', () => {
  const { cuda } = native.inspect();
  const count = cuda.devices.length;
  const absent =
    count > 0 ? `expected a CUDA device below cuda:${count}, got cuda:${count}` : cuda.reason;

  test.each([
    ['upload', () => upload({ device: count })],
    ['zeros', () => native.zeros(count, 'float32', 1)],
    ['transfer', () => native.transfer(zeros(1), count)],
    ['startTimer', () => native.startTimer(count)],
  ])('%s to one that is not there', (_name, call) => {
    const failure = failureOf(call);
    expect([failure.constructor.name, failure.code]).toEqual(['Error', 'ERR_CUDA_UNAVAILABLE']);
    expect(failure.message).toBe(absent);
  });

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
    expect(copy({})).toBeInstanceOf(native.Storage);
  });

  test('nothing to do', () => {
    for (const size of ['batchSize', 'seqlenQ', 'seqlenK']) {
      expect(forward({ [size]: 0 })).toHaveLength(2);
    }
    expect(() => native.readSync(zeros(0), 0, new Float32Array(0))).not.toThrow();
    expect(() => upload({ data: new Float32Array(0), count: 0 })).not.toThrow();
    expect(() => copy({ shape: [0, 4] })).not.toThrow();
    expect(() => copy({ shape: [], strides: [] })).not.toThrow();
  });

  test('releasing twice', () => {
    const storage = released(1);
    expect(() => native.release(storage)).not.toThrow();
  });

  test('any kind of view as bytes', () => {
    const buffer = Float32Array.of(1, 2).buffer;
    const storage = upload({ data: new DataView(buffer), count: 2 });
    const target = new Uint8Array(8);
    native.readSync(storage, 0, target);
    expect(new Float32Array(target.buffer)).toEqual(Float32Array.of(1, 2));
  });

  test('a part of a longer array', () => {
    const storage = upload({ data: Float32Array.of(9, 1, 2, 9).subarray(1), count: 2 });
    const target = new Float32Array(4);
    native.readSync(storage, 4, target.subarray(2, 3));
    expect(target).toEqual(Float32Array.of(0, 0, 2, 0));
  });

  test('read of little that is ready is done when it returns true, and never calls back', async () => {
    const done = jest.fn();
    const target = new Float32Array(4);
    expect(native.read(upload({ data: four.map((_, i) => i) }), 0, target, done)).toBe(true);
    expect(target).toEqual(Float32Array.of(0, 1, 2, 3));
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(done).not.toHaveBeenCalled();
  });

  test('read of much returns false and calls back once', async () => {
    const done = jest.fn();
    const target = new Float32Array(kLong).fill(1);
    await new Promise<void>((resolve) => {
      const ready = native.read(zeros(kLong), 0, target, (...answer) => {
        done(...answer);
        resolve();
      });
      expect([ready, done.mock.calls]).toEqual([false, []]);
    });
    expect(target.every((value) => value === 0)).toBe(true);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(done.mock.calls.map(([failure]) => failure)).toEqual([null]);
  });
});

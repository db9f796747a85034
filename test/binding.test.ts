/**
 * Misuse straight at the addon, past every check of lib: each bad value gets the right class, code
 * and sentence, and nothing crashes. The errors are of Node's realm, not of jest's, so their class is
 * told by its name. `forward` has a file of its own.
 */

import type { CopyArgs } from '../binding.js';
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
  notFunctions,
  notNumbers,
  notStorages,
  RANGE,
  type Row,
  released,
  rows,
  zeros,
} from './support/binding.js';

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
});

describe('what is legal', () => {
  test('the call that the rows change', () => {
    expect(copy({})).toBeInstanceOf(native.Storage);
  });

  test('nothing to do', () => {
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

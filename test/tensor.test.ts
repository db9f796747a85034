import vm from 'node:vm';
import { type Device, type DType, FlashDiffError, inspect, type Range, Tensor } from 'flashdiff';
import { fromBits, toBits } from 'flashdiff/reference';
import { devices } from './support/devices.js';

const dtypes: DType[] = ['float32', 'float16', 'bfloat16'];

/** 0, 1, 2, ... of a shape; every dtype holds them exactly. */
function counting(shape: number[], device: Device, dtype: DType = 'float32'): Tensor {
  const size = shape.reduce((product, length) => product * length, 1);
  return Tensor.from(
    Float32Array.from({ length: size }, (_, i) => i),
    { shape, dtype, device },
  );
}

async function numbers(tensor: Tensor): Promise<number[]> {
  const data = await tensor.data();
  if (tensor.dtype === 'float32' || data[Symbol.toStringTag] !== 'Uint16Array') return [...data];
  return [...fromBits(data, tensor.dtype)];
}

/** Ties, the edges of the normal range, overflow, signed zeros, and what is not a number. */
const awkward = Float32Array.of(
  ...[0, -0, 1, -1, 1 / 3, 1 + 2 ** -11, 1 + 3 * 2 ** -11, 1 + 2 ** -8, 1 + 3 * 2 ** -8],
  ...[65504, 65519.996, 65520, -65520, 3.3961775e38, -3.4e38, Infinity, -Infinity, NaN],
  ...[2 ** -14, 2 ** -24, 2 ** -25, 3 * 2 ** -25, 2 ** -26, 2 ** -126, 2 ** -133, 2 ** -149],
);

describe.each(devices())('Tensor on %s', (device) => {
  test('describes itself', () => {
    const tensor = counting([2, 3, 4], device, 'bfloat16');
    expect(tensor.shape).toEqual([2, 3, 4]);
    expect(tensor.strides).toEqual([12, 4, 1]);
    expect(tensor.dtype).toBe('bfloat16');
    expect(tensor.device).toBe(device);
    expect(tensor.size).toBe(24);
    expect(tensor.byteLength).toBe(48);
    expect(Object.isFrozen(tensor.shape) && Object.isFrozen(tensor.strides)).toBe(true);
  });

  test.each(dtypes)('rounds float32 to %s, nearest even', async (dtype) => {
    const tensor = Tensor.from(awkward, { dtype, device });
    const data = await tensor.data();
    if (dtype === 'float32') {
      expect(data).toEqual(awkward);
    } else {
      const bits = new Uint16Array(data.buffer);
      expect(canonical(bits, dtype)).toEqual(canonical(toBits(awkward, dtype), dtype));
    }
  });

  test.each(dtypes.flatMap((from) => dtypes.map((to) => [from, to] as const)))(
    'converts %s to %s',
    async (from, to) => {
      const source = Tensor.from(awkward, { dtype: from, device });
      const result = await numbers(source.to({ dtype: to }));
      const values = await numbers(source);
      const expected = to === 'float32' ? values : [...fromBits(toBits(values, to), to)];
      expect(result).toEqual(expected);
    },
  );

  test('takes half bits as they are', async () => {
    const bits = Uint16Array.of(0x3f80, 0xc000, 0x7fc0, 0x0001, 0x8000);
    for (const dtype of ['float16', 'bfloat16'] as const) {
      const data = await Tensor.from(bits, { dtype, device }).data();
      expect(new Uint16Array(data.buffer)).toEqual(bits);
    }
  });

  test('copies in and copies out', async () => {
    const source = Float32Array.of(1, 2, 3);
    const tensor = Tensor.from(source, { device });
    source.fill(9);
    const first = await tensor.data();
    first.fill(7);
    expect(await tensor.data()).toEqual(Float32Array.of(1, 2, 3));
    expect(tensor.dataSync()).toEqual(Float32Array.of(1, 2, 3));
  });

  test('empty is zeros, also after memory was in use', async () => {
    counting([1000], device).dispose();
    for (const dtype of dtypes) {
      const tensor = Tensor.empty([10, 100], { dtype, device });
      expect(tensor.dtype).toBe(dtype);
      expect(await numbers(tensor)).toEqual(new Array(1000).fill(0));
      tensor.dispose();
    }
  });

  test.each([[[]], [[0]], [[3, 0, 2]], [[1, 1, 1, 1, 1, 1, 1, 2]]])(
    'holds shape %j',
    async (shape) => {
      const tensor = counting(shape, device);
      expect(tensor.shape).toEqual(shape);
      expect(await numbers(tensor)).toHaveLength(tensor.size);
      const copy = tensor.reshape(shape).to({ dtype: 'bfloat16' }).contiguous();
      expect(await numbers(copy)).toEqual(await numbers(tensor));
    },
  );

  const slices: [shape: number[], ranges: Range[], expected: number[]][] = [
    [[5], [[1, 3]], [1, 2]],
    [[5], [[-2]], [3, 4]],
    [[5], [[-9, -3]], [0, 1]],
    [[5], [[3, 99]], [3, 4]],
    [[5], [[3, 3]], []],
    [[5], [[4, 1]], []],
    [[5], [null], [0, 1, 2, 3, 4]],
    [[5], [], [0, 1, 2, 3, 4]],
    [
      [2, 3],
      [null, [1, 2]],
      [1, 4],
    ],
    [[2, 3], [[1, 2]], [3, 4, 5]],
    [
      [2, 2, 2],
      [undefined, [-1], [0, 1]],
      [2, 6],
    ],
    [[2, 3], [[2]], []],
  ];
  test.each(slices)('slice of %j by %j', async (shape, ranges, expected) => {
    const view = counting(shape, device).slice(...ranges);
    expect(view.size).toBe(expected.length);
    expect(await numbers(view)).toEqual(expected);
    expect(view.dataSync()).toEqual(Float32Array.from(expected));
  });

  test('slice of a slice, transposed and reshaped', async () => {
    const tensor = counting([4, 6], device, 'float16');
    const view = tensor.slice([1, 4], [2, 6]).slice([1], [1, 3]);
    expect(await numbers(view)).toEqual([15, 16, 21, 22]);
    expect(await numbers(view.transpose(0, 1))).toEqual([15, 21, 16, 22]);
    expect(await numbers(view.transpose(-1, -2).contiguous().reshape([4]))).toEqual([
      15, 21, 16, 22,
    ]);
    expect(await numbers(view.transpose(0, 1).to({ dtype: 'float32' }))).toEqual([15, 21, 16, 22]);
  });

  const reshapes: [from: number[], to: number[], shape: number[]][] = [
    [[6], [2, 3], [2, 3]],
    [[2, 3], [-1], [6]],
    [
      [2, 3],
      [3, -1, 1],
      [3, 2, 1],
    ],
    [
      [2, 3, 4],
      [2, 12],
      [2, 12],
    ],
    [[1], [], []],
    [[], [1, 1], [1, 1]],
    [
      [0, 4],
      [4, -1],
      [4, 0],
    ],
    [
      [0, 4],
      [2, 0, 9],
      [2, 0, 9],
    ],
  ];
  test.each(reshapes)('reshape of %j to %j', async (from, to, shape) => {
    const tensor = counting(from, device);
    const view = tensor.reshape(to);
    expect(view.shape).toEqual(shape);
    expect(await numbers(view)).toEqual(await numbers(tensor));
  });

  test('reshape splits and joins strided dimensions where strides can', async () => {
    const view = counting([4, 6], device).slice(null, [0, 4]);
    const split = view.reshape([2, 2, 2, 2]);
    expect(split.strides).toEqual([12, 6, 2, 1]);
    expect(await numbers(split)).toEqual(await numbers(view));
    expect(split.transpose(0, 1).transpose(0, 1).reshape([4, 4]).strides).toEqual([6, 1]);
    expect(() => view.reshape([16])).toThrow(/contiguous/);
    expect(() => counting([2, 3], device).transpose(0, 1).reshape([6])).toThrow(RangeError);
    expect(await numbers(view.contiguous().reshape([16]))).toEqual(await numbers(view));
  });

  test('handles share memory and end one by one', async () => {
    const before = allocated(device);
    const tensor = counting([512, 1024], device);
    const held = allocated(device);
    const handles = [
      tensor.reshape([-1]),
      tensor.transpose(0, 1),
      tensor.slice([1]),
      tensor.contiguous(),
      tensor.to({}),
      tensor.to({ device, dtype: 'float32' }),
    ];
    expect(held - before).toBeGreaterThanOrEqual(tensor.byteLength);
    expect(allocated(device)).toBe(held);

    tensor.dispose();
    tensor.dispose();
    for (const handle of handles.slice(1)) handle.dispose();
    const [last] = handles as [Tensor];
    expect((await last.data())[99999]).toBe(99999);
    last.dispose();
    await expectFreed(device, before);
  });

  test('a failing view holds nothing', async () => {
    const before = allocated(device);
    const tensor = counting([512, 1024], device);
    expect(() => tensor.reshape([7])).toThrow(RangeError);
    expect(() => tensor.transpose(0, 9)).toThrow(RangeError);
    expect(() => tensor.slice([0.5])).toThrow(RangeError);
    tensor.dispose();
    await expectFreed(device, before);
  });

  test('ready waits, and copies nothing', async () => {
    const tensor = counting([512, 1024], device).to({ dtype: 'float16' });
    const held = allocated(device);
    const pending = tensor.transpose(0, 1).slice([3]).ready();
    tensor.dispose();
    expect(await pending).toBeUndefined();
    expect(allocated(device)).toBeLessThanOrEqual(held);
    expect(await Tensor.empty([0], { device }).ready()).toBeUndefined();
  });

  test('data asked for before dispose arrives', async () => {
    const tensor = counting([1 << 16], device);
    const pending = tensor.transpose(0, 0).data();
    tensor.dispose();
    expect((await pending)[65535]).toBe(65535);
  });

  test('is of no use once disposed, but says what it was', async () => {
    const tensor = counting([2, 2], device);
    tensor.dispose();
    expect(tensor.shape).toEqual([2, 2]);
    const uses: (() => unknown)[] = [
      () => tensor.reshape([4]),
      () => tensor.transpose(0, 1),
      () => tensor.slice([1]),
      () => tensor.contiguous(),
      () => tensor.to({ dtype: 'float16' }),
      () => tensor.dataSync(),
    ];
    for (const use of uses) {
      expect(use).toThrow(expect.objectContaining({ code: 'ERR_DISPOSED' }));
      expect(use).toThrow(FlashDiffError);
    }
    await expect(tensor.data()).rejects.toMatchObject({ code: 'ERR_DISPOSED' });
    await expect(tensor.ready()).rejects.toMatchObject({ code: 'ERR_DISPOSED' });
  });

  test('out of memory rejects what depends on it, and nothing else', async () => {
    const huge = Tensor.empty([2 ** 26, 2 ** 24], { device });
    const corner = huge.slice([0, 1], [0, 2]);
    const dependent = corner.to({ dtype: 'bfloat16' });
    for (const tensor of [corner, dependent, dependent.transpose(0, 1)]) {
      const error = await tensor.data().catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(FlashDiffError);
      expect(error).toMatchObject({ code: 'ERR_OUT_OF_MEMORY' });
      expect(() => tensor.dataSync()).toThrow((error as Error).message);
      await expect(tensor.ready()).rejects.toEqual(error);
    }
    await expect(huge.ready()).rejects.toMatchObject({ code: 'ERR_OUT_OF_MEMORY' });
    expect(await numbers(counting([3], device))).toEqual([0, 1, 2]);
  });

  test('a rejection tells who asked', async () => {
    const corner = Tensor.empty([2 ** 26, 2 ** 24], { device }).slice([0, 1], [0, 1]);
    function whoAsked() {
      return corner.data();
    }
    const error = await whoAsked().catch((reason: Error) => reason);
    expect((error as Error).stack).toMatch(/^FlashDiffError: .*\n.*at .*whoAsked/s);
  });

  test('using disposes at the end of the block', () => {
    let kept: Tensor;
    {
      using tensor = counting([2], device);
      kept = tensor;
    }
    expect(() => kept.dataSync()).toThrow(/disposed/);
  });

  test('moves to the CPU and back', async () => {
    const tensor = counting([4, 4], device, 'float16');
    const views = [tensor, tensor.transpose(0, 1), tensor.slice([1, 3]), tensor.slice([9])];
    for (const view of views) {
      const there = view.to({ device: 'cpu', dtype: 'float32' });
      const back = there.to({ device, dtype: 'bfloat16' });
      expect(there.device).toBe('cpu');
      expect(back.device).toBe(device);
      expect(await numbers(there)).toEqual(await numbers(view));
      expect(await numbers(back)).toEqual(await numbers(view));
    }
  });
});

describe('Tensor.from reads', () => {
  const values = [1.5, -2, 0.1, 4];
  const float32 = Float32Array.from(values);
  const shape = [2, 2];
  const bits = toBits(values, 'bfloat16');
  const wide = Float32Array.from([9, 9, ...values, 9]);
  const foreign = vm.runInNewContext('Float32Array.from([1.5, -2, 0.1, 4])');

  const sources: [name: string, make: () => Tensor, dtype: DType, shape: number[]][] = [
    ['Float32Array', () => Tensor.from(float32), 'float32', [4]],
    ['Float32Array and a shape', () => Tensor.from(float32, { shape }), 'float32', shape],
    ['a part of a buffer', () => Tensor.from(wide.subarray(2, 6)), 'float32', [4]],
    ['Float64Array', () => Tensor.from(Float64Array.from(values)), 'float32', [4]],
    ['numbers', () => Tensor.from(values, { shape }), 'float32', shape],
    ['another realm', () => Tensor.from(foreign), 'float32', [4]],
    ['foreign numbers', () => Tensor.from(vm.runInNewContext('[1.5, -2, 0.1, 4]')), 'float32', [4]],
    ['shared memory', () => Tensor.from(inSharedMemory(float32)), 'float32', [4]],
    ['bits', () => Tensor.from(bits, { dtype: 'bfloat16', shape }), 'bfloat16', shape],
    ['{ data, shape }', () => Tensor.from({ data: float32, shape }), 'float32', shape],
    ['{ data, dims }', () => Tensor.from({ data: float32, dims: shape }), 'float32', shape],
    ['{ data, type }', () => Tensor.from({ data: bits, type: 'bfloat16' }), 'bfloat16', [4]],
    ['{ data, dtype }', () => Tensor.from({ data: float32, dtype: 'float16' }), 'float16', [4]],
    [
      'a shape that wins',
      () => Tensor.from({ data: float32, dims: [4] }, { shape }),
      'float32',
      shape,
    ],
    [
      'a dtype that wins',
      () => Tensor.from({ data: bits, type: 'bfloat16' }, { dtype: 'float32' }),
      'float32',
      [4],
    ],
    [
      'float64 results as float32',
      () => Tensor.from({ data: Float64Array.from(values), shape }),
      'float32',
      shape,
    ],
  ];
  test.each(sources)('%s', async (_name, make, dtype, expectedShape) => {
    const tensor = make();
    expect(tensor.dtype).toBe(dtype);
    expect(tensor.shape).toEqual(expectedShape);
    expect(tensor.device).toBe('cpu');
    const exact = await numbers(tensor);
    exact.forEach((value, i) => {
      expect(Math.abs(value - (values[i] as number))).toBeLessThan(0.001);
    });
  });

  test('Float16Array where there is one', async () => {
    const { Float16Array } = globalThis as { Float16Array?: typeof Float32Array };
    const tensor = Tensor.from(Float32Array.of(1, 2.5), { dtype: 'float16' });
    const data: unknown = await tensor.data();
    if (Float16Array === undefined) {
      expect(data).toEqual(Uint16Array.of(0x3c00, 0x4100));
      return;
    }
    expect(data).toEqual(Float16Array.of(1, 2.5));
    const back = Tensor.from(Float16Array.of(7, 1, 2.5).subarray(1));
    expect(back.dtype).toBe('float16');
    expect(await numbers(back)).toEqual([1, 2.5]);
  });
});

/** NaN has many bit patterns; one stands for all. */
function canonical(bits: Uint16Array, dtype: 'float16' | 'bfloat16'): number[] {
  const values = fromBits(bits, dtype);
  return [...bits].map((pattern, i) => (Number.isNaN(values[i]) ? -1 : pattern));
}

function inSharedMemory(source: Float32Array): Float32Array {
  const shared = new Float32Array(new SharedArrayBuffer(source.byteLength));
  shared.set(source);
  return shared;
}

function allocated(device: Device): number {
  const { cpu, cuda } = inspect();
  return device === 'cpu' ? cpu.allocated : (cuda.devices[0]?.allocated ?? 0);
}

/** Memory is given back once the queue has passed its last use; what other tests left is small. */
async function expectFreed(device: Device, before: number): Promise<void> {
  for (let i = 0; i < 1000 && allocated(device) > before; i += 1) {
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  expect(allocated(device)).toBeLessThan(before + 2 ** 20);
}

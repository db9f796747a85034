// Symbol.dispose, also for those whose own settings do not name it.
/// <reference lib="esnext.disposable" preserve="true" />
/** The tensor: a handle to memory on one device, and a view of it. */

import type { DeviceIndex, Storage } from '../binding.js';
import { type Device, deviceName, readDevice } from './device.js';
import { allocate, bytesOf, type DataTypes, type DType, readDType } from './dtype.js';
import { FlashDiffError, wrongKind } from './errors.js';
import { expectObject } from './expect.js';
import type { TensorLike } from './like.js';
import { native, settled } from './native.js';
import {
  isContiguous,
  type Range,
  readShape,
  reshapeView,
  sizeOf,
  sliceView,
  transposeView,
  type View,
  wholeView,
} from './shape.js';
import { type Data, readSource } from './source.js';
import { SharedStorage } from './storage.js';

/** Of `Tensor.from`. */
export interface FromOptions {
  /** Lengths, outermost first, at most 8. @default the source's own shape, or [data.length] */
  shape?: readonly number[] | undefined;
  /** @default the source's own */
  dtype?: DType | undefined;
  /** @default 'cpu' */
  device?: Device | undefined;
}

/** Of `Tensor.empty`. */
export interface EmptyOptions<D extends DType = DType> {
  /** @default 'float32' */
  dtype?: D | undefined;
  /** @default 'cpu' */
  device?: Device | undefined;
}

/** Of `tensor.to`; what is left out stays as it is. */
export interface ToOptions<D extends DType = DType> {
  /** @default where the tensor is */
  device?: Device | undefined;
  /** @default the tensor's own */
  dtype?: D | undefined;
}

/** What a kernel is told about a tensor. */
export interface Operand extends View {
  readonly storage: Storage;
  readonly device: DeviceIndex;
  readonly dtype: DType;
}

/**
 * A new tensor that owns `storage`, row-major.
 * @internal
 */
export let adopt: <D extends DType>(
  storage: Storage,
  device: DeviceIndex,
  dtype: D,
  shape: readonly number[],
) => Tensor<D>;

/**
 * The inside of an argument that must be a live tensor.
 * @internal
 */
export let operandOf: (name: string, value: unknown) => Operand;

/**
 * An n-dimensional array on one device. It owns its memory: `from` copies in, `data` copies out,
 * and its elements never change. Work on it is queued; a failure that shows only at run time
 * rejects `data()` of the tensor and of all that depend on it.
 *
 * `reshape`, `transpose`, `slice`, `contiguous` and `to` give new handles, which may share memory.
 * It is freed when the last of them is disposed; disposing one never breaks another. The garbage
 * collector frees forgotten tensors too, but it does not see how full a device is: call `dispose`.
 *
 * Every method throws FlashDiffError `ERR_DISPOSED` on a disposed tensor.
 */
export class Tensor<D extends DType = DType> {
  /** Lengths of the dimensions, outermost first. */
  readonly shape: readonly number[];
  /** Distances between neighbours of each dimension, in elements. */
  readonly strides: readonly number[];
  /** Of the elements. */
  readonly dtype: D;
  /** The first CUDA device is `'cuda'`, the others `'cuda:1'` and so on. */
  readonly device: Device;
  readonly #view: View;
  #memory: SharedStorage | null;

  private constructor(memory: SharedStorage, view: View) {
    if (!(memory instanceof SharedStorage)) {
      throw new TypeError('expected Tensor.from or Tensor.empty for a new tensor, got new Tensor');
    }
    this.shape = Object.freeze(view.shape);
    this.strides = Object.freeze(view.strides);
    this.dtype = memory.dtype as D;
    this.device = deviceName(memory.device);
    this.#view = view;
    this.#memory = memory;
    Object.freeze(this); // kernels believe what stands here
  }

  static {
    adopt = <D extends DType>(
      storage: Storage,
      device: DeviceIndex,
      dtype: D,
      shape: readonly number[],
    ) => {
      const memory = new SharedStorage(storage, device, dtype, sizeOf(shape));
      return new Tensor<D>(memory, wholeView(shape));
    };
    operandOf = (name, value) => {
      if (!Tensor.#is(value)) {
        throw wrongKind('a Tensor of this package (Tensor.from makes one)', name, value);
      }
      const { storage, device, dtype } = value.#live(name);
      return { storage, device, dtype, ...value.#view };
    };
  }

  /**
   * A tensor with a copy of `data`, which may change as soon as the call returns. Float32Array
   * given with a half dtype is rounded to nearest even.
   *
   * @param data a typed array, an array of numbers, or any object with data and a shape, such as
   *   the tensors of onnxruntime and transformers.js; see {@link Data} for what becomes of each
   *   kind
   * @throws TypeError when data is of another kind, detached, or a Uint16Array without a half dtype
   * @throws RangeError when the shape does not hold as many elements as data
   * @throws FlashDiffError `ERR_CUDA_UNAVAILABLE`; `ERR_OUT_OF_MEMORY` when the host has no room for
   *   the copy, which is made before the call returns
   */
  static from<D extends DType>(
    data: Data | TensorLike,
    options: FromOptions & { dtype: D },
  ): Tensor<D>;
  static from(
    data: Float32Array | Float64Array | readonly number[],
    options?: FromOptions & { dtype?: undefined },
  ): Tensor<'float32'>;
  static from(data: Data | TensorLike, options?: FromOptions): Tensor;
  static from(data: Data | TensorLike, options: FromOptions = {}): Tensor {
    const { shape, dtype, device = 'cpu' } = expectObject('options', options, kFromOptions);
    if (Tensor.#is(data)) {
      throw new TypeError('expected data of another library for `data`, got a Tensor: use .to()');
    }
    const source = readSource(data, shape, dtype);
    const index = readDevice('device', device);
    const count = sizeOf(source.shape);
    const storage = native().upload(index, source.bytes, source.srcDtype, source.dtype, count);
    return adopt(storage, index, source.dtype, source.shape);
  }

  /**
   * A tensor of zeros: no old memory shows.
   *
   * @throws TypeError, RangeError for a shape that is none
   * @throws FlashDiffError `ERR_CUDA_UNAVAILABLE`
   */
  static empty<D extends DType = 'float32'>(
    shape: readonly number[],
    options: EmptyOptions<D> = {},
  ): Tensor<D> {
    const lengths = readShape('shape', shape);
    const { dtype = 'float32', device = 'cpu' } = expectObject('options', options, kToOptions);
    const type = readDType('dtype', dtype) as D;
    const index = readDevice('device', device);
    return adopt(native().zeros(index, type, sizeOf(lengths)), index, type, lengths);
  }

  /** Number of elements. */
  get size(): number {
    return sizeOf(this.shape);
  }

  /** Bytes that `data()` gives: of this view, not of the memory it shares. */
  get byteLength(): number {
    return this.size * bytesOf(this.dtype);
  }

  /**
   * The same elements in another shape, without copying.
   *
   * @param shape one length may be −1: what is left over
   * @throws RangeError when the number of elements differs, or when the strides cannot express the
   *   shape; `.contiguous().reshape(shape)` always can
   */
  reshape(shape: readonly number[]): Tensor<D> {
    return this.#alias(this.#live(), reshapeView(this.#view, shape));
  }

  /**
   * Two dimensions swapped, without copying. Any other order is several swaps.
   *
   * @param dimensions negative counts from the last, which is −1
   */
  transpose(...dimensions: [a: number, b: number]): Tensor<D> {
    return this.#alias(this.#live(), transposeView(this.#view, dimensions));
  }

  /**
   * A part of the tensor, without copying: `slice(null, [2, 5], [-1])` takes all of dimension 0,
   * positions 2 to 4 of dimension 1 and the last of dimension 2. The rank stays.
   *
   * @param ranges a dimension each: `[start, end]` as in Array.prototype.slice (negative counts
   *   from the end, out of bounds is cut), or null for all; left out: all
   */
  slice(...ranges: Range[]): Tensor<D> {
    return this.#alias(this.#live(), sliceView(this.#view, ranges));
  }

  /** The same elements in row-major order: shared memory if they are so already, else a copy. */
  contiguous(): Tensor<D> {
    return isContiguous(this.#view)
      ? this.#alias(this.#live(), this.#view)
      : this.#gather(this.dtype);
  }

  /**
   * The same tensor elsewhere or in another dtype (nearest even), converted on the device where it
   * is and then moved. Always a new handle; it shares memory when nothing changes.
   *
   * @throws FlashDiffError `ERR_CUDA_UNAVAILABLE`
   */
  to<E extends DType = D>(options: ToOptions<E>): Tensor<E> {
    const memory = this.#live();
    const target = expectObject('options', options, kToOptions);
    const dtype = target.dtype === undefined ? this.dtype : readDType('dtype', target.dtype);
    const device =
      target.device === undefined ? memory.device : readDevice('device', target.device);

    const stays = device === memory.device;
    const whole = isContiguous(this.#view) && this.size === memory.size;
    const asIs = dtype === this.dtype && (stays || whole);
    const here = asIs ? this.#alias<E>(memory, this.#view) : this.#gather(dtype as E);
    if (stays) return here;
    try {
      const storage = native().transfer(here.#live().storage, device);
      return adopt(storage, device, here.dtype, this.shape);
    } finally {
      here.dispose();
    }
  }

  /**
   * Waits until the tensor is computed, without copying it: to see a failure early, or to enqueue no
   * more than a device has room for.
   *
   * @throws FlashDiffError (a rejection) with the first cause of a failure at run time, like `data`
   */
  async ready(): Promise<void> {
    const { storage } = this.#live();
    await settled((done) => native().read(storage, 0, kNoBytes, done));
  }

  /**
   * A copy of the elements in row-major order, once all that they depend on is done. It never
   * blocks the event loop.
   *
   * @returns Float32Array for float32, Float16Array (or Uint16Array bits where the runtime has
   *   none) for float16, Uint16Array bits for bfloat16
   * @throws FlashDiffError (a rejection) with the first cause of a failure at run time:
   *   `ERR_OUT_OF_MEMORY`, `ERR_DEVICE`
   */
  async data(): Promise<DataTypes[D]> {
    const source = this.contiguous();
    try {
      const { data, bytes } = allocate(this.dtype, this.size);
      await settled((done) => native().read(...source.#position(), bytes, done));
      return data;
    } finally {
      source.dispose();
    }
  }

  /** The same as `data()`, blocking until the elements are there. */
  dataSync(): DataTypes[D] {
    const source = this.contiguous();
    try {
      const { data, bytes } = allocate(this.dtype, this.size);
      native().readSync(...source.#position(), bytes);
      return data;
    } finally {
      source.dispose();
    }
  }

  /** Gives the memory back, once queued work is done with it. Doing so twice is fine. */
  dispose(): void {
    this.#memory?.release();
    this.#memory = null;
  }

  /** `using tensor = ...` */
  [Symbol.dispose](): void {
    this.dispose();
  }

  static #is(value: unknown): value is Tensor {
    return typeof value === 'object' && value !== null && #memory in value;
  }

  #live(name = 'this'): SharedStorage {
    if (this.#memory === null) {
      throw new FlashDiffError(
        'ERR_DISPOSED',
        `expected a live tensor for \`${name}\`, got one that was disposed`,
      );
    }
    return this.#memory;
  }

  #position(): [storage: Storage, byteOffset: number] {
    return [this.#live().storage, this.#view.offset * bytesOf(this.dtype)];
  }

  /** Another handle to the same memory. */
  #alias<E extends DType = D>(memory: SharedStorage, view: View): Tensor<E> {
    return new Tensor(memory.share(), view);
  }

  #gather<E extends DType>(dtype: E): Tensor<E> {
    const { storage, device, dtype: srcDtype } = this.#live();
    const { offset, shape, strides } = this.#view;
    const view = { offset, shape: [...shape], strides: [...strides] };
    const copy = native().copy({ src: storage, srcDtype, dstDtype: dtype, ...view });
    return adopt(copy, device, dtype, shape);
  }
}

const kFromOptions = ['shape', 'dtype', 'device'];
const kNoBytes = new Uint8Array(0);
const kToOptions = ['dtype', 'device'];

/**
 * The whole boundary between lib/ and native/: flat data only. lib/ checks what arguments mean,
 * native/ checks what they are (kind, bytes, range) and never trusts lib/; see CONTRIBUTING.md.
 *
 * Native functions throw plain TypeError, RangeError and Error of the addon's own realm, each with
 * a `code`: ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE, or one of FlashDiffError's. lib/native.ts turns
 * them into the classes that users see.
 */

export type DType = 'float32' | 'float16' | 'bfloat16';

/** −1 is the CPU, 0 and up the CUDA devices. */
export type DeviceIndex = number;

/**
 * Memory on one device, written once by the operation that returned it. It lives until it is
 * released (or collected) and no queued work reads it any more.
 */
export declare class Storage {
  private constructor();
  private readonly opaque: symbol;
}

/** A started stopwatch on one device's queue. */
export declare class Timer {
  private constructor();
  private readonly opaque: symbol;
}

/** Any typed array or DataView; only its bytes matter. */
export type Bytes = ArrayBufferView;

/** What went wrong with queued work: a code of FlashDiffError and a sentence. */
export interface Failure {
  code: string;
  message: string;
}

/** Called once, on the JavaScript thread, with null or the first cause of a failure. */
export type Done = (failure: Failure | null) => void;

/** Offsets and strides are in elements; the last dimension has stride 1. */
export type ForwardNumbers = [
  batchSize: number,
  numHeads: number,
  numKvHeads: number,
  seqlenQ: number,
  seqlenK: number,
  headDim: number,
  valueDim: number,
  q1Offset: number,
  q2Offset: number,
  qStrideBatch: number,
  qStrideSeq: number,
  qStrideHead: number,
  k1Offset: number,
  k2Offset: number,
  kStrideBatch: number,
  kStrideSeq: number,
  kStrideHead: number,
  vLeftOffset: number,
  /** Ignored when valueDim equals headDim. */
  vRightOffset: number,
  vStrideBatch: number,
  vStrideSeq: number,
  vStrideHead: number,
  /** Used when lambdaData is null. */
  lambda: number,
  lambdaOffset: number,
  lambdaStrideBatch: number,
  lambdaStrideSeq: number,
  lambdaStrideHead: number,
  softmaxScale: number,
  /** −1: unbounded */
  windowLeft: number,
  windowRight: number,
  sinks: number,
  sublnEps: number,
  sublnWeightOffset: number,
  outputScale: number,
];

export interface ForwardArgs {
  device: DeviceIndex;
  dtype: DType;

  q: Storage;
  k: Storage;
  v: Storage;
  /** float32 */
  lambdaData: Storage | null;
  /** float32 [valueDim], contiguous */
  sublnWeight: Storage | null;

  causal: boolean;
  subln: boolean;
  returnLse: boolean;

  /** ForwardNumbers: one array is read in less time than 34 properties. */
  numbers: Float64Array;
}

export interface CopyArgs {
  src: Storage;
  srcDtype: DType;
  dstDtype: DType;
  /** In elements. */
  offset: number;
  /** At most 8 dimensions. */
  shape: number[];
  strides: number[];
}

export interface CudaDevice {
  name: string;
  computeCapability: string;
  multiprocessors: number;
  /** bytes */
  memory: number;
  kernels: string[];
}

export interface Inspection {
  version: string;
  cpu: { isa: string; isas: string[]; threads: number };
  cuda: {
    available: boolean;
    /** Why not; empty when available. */
    reason: string;
    /** '13.0'; empty: no driver */
    driver: string;
    /** '13.0'; empty: built without CUDA */
    runtime: string;
    devices: CudaDevice[];
  };
}

export interface Binding {
  Storage: typeof Storage;
  Timer: typeof Timer;

  inspect(): Inspection;

  /**
   * Bytes held by storages of the device that nobody has freed yet, queued work included: of the
   * whole process, whichever thread made them.
   */
  allocatedBytes(device: DeviceIndex): number;

  /**
   * Copies `count` elements of srcDtype from `data` to the device, converted to dstDtype (nearest
   * even). `data` may change as soon as the call returns.
   */
  upload(
    device: DeviceIndex,
    data: Bytes,
    srcDtype: DType,
    dstDtype: DType,
    count: number,
  ): Storage;

  /** `count` elements, all zero. */
  zeros(device: DeviceIndex, dtype: DType, count: number): Storage;

  /** Gathers a strided view into a new contiguous storage of the same device, converting. */
  copy(args: CopyArgs): Storage;

  /** A whole storage on another device; on the same one, another handle to the same memory. */
  transfer(src: Storage, device: DeviceIndex): Storage;

  /** [out], or [out, lse] with returnLse. */
  forward(args: ForwardArgs): Storage[];

  /**
   * Copies target.byteLength bytes at byteOffset into `target`. True: done already. False: `done`
   * will be called, and before that `target` must be neither touched nor transferred: another
   * thread writes there. A target whose buffer is resizable, and could shrink meanwhile, is refused
   * then. With 0 bytes it waits, and copies nothing.
   */
  read(src: Storage, byteOffset: number, target: Bytes, done: Done): boolean;

  /** Blocks until the bytes are there. Throws what `read` would report. */
  readSync(src: Storage, byteOffset: number, target: Bytes): void;

  /** Drops this handle; using it afterwards throws ERR_DISPOSED. Releasing twice does nothing. */
  release(src: Storage): void;

  /** Marks the queue of a device; work submitted until stopTimer is measured. */
  startTimer(device: DeviceIndex): Timer;

  /** Milliseconds of device time between the marks, or the first failure of work between them. */
  stopTimer(timer: Timer, done: (failure: Failure | null, milliseconds: number) => void): void;
}

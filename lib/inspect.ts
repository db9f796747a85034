/** What this package would run on this machine, and why. */

import { type Environment, readEnvironment } from './environment.js';
import { native } from './native.js';

/** The engine of the device `'cpu'`. */
export interface CpuInspection {
  /** Instruction set in use: 'avx512-bf16', 'avx512', 'avx2' or 'baseline'. */
  readonly isa: string;
  /** Those that this machine can run, fastest first. */
  readonly isas: readonly string[];
  /** Of the engine's own pool. */
  readonly threads: number;
  /** Bytes held by tensors of the whole process, those of worker threads too. */
  readonly allocated: number;
}

/** One CUDA device. */
export interface CudaDeviceInspection {
  /** As its driver says it. */
  readonly name: string;
  /** '9.0' */
  readonly computeCapability: string;
  /** Streaming multiprocessors. */
  readonly multiprocessors: number;
  /** Bytes that the device has. */
  readonly memory: number;
  /** Bytes held by tensors of the whole process, those of worker threads too. */
  readonly allocated: number;
  /** Forward kernels that this device runs, preferred first. */
  readonly kernels: readonly string[];
}

/** What `inspect()` tells. */
export interface Inspection {
  /** Of this package. */
  readonly version: string;
  /** The CPU engine. */
  readonly cpu: CpuInspection;
  /** The CUDA engine and its devices. */
  readonly cuda: {
    /** There is a driver, a device and a kernel for it. */
    readonly available: boolean;
    /** Why not; empty when available. */
    readonly reason: string;
    /** Newest CUDA that the driver knows, such as '13.0'; empty without a driver. */
    readonly driver: string;
    /** CUDA that the addon was built with; empty when it was built without. */
    readonly runtime: string;
    /** In the order of 'cuda:0', 'cuda:1', ... */
    readonly devices: readonly CudaDeviceInspection[];
  };
  /** The variables of the environment that force a choice, as set when the addon was loaded. */
  readonly environment: Environment;
}

/**
 * Version, engines, devices and kernels; where CUDA is not available, the reason.
 *
 * @throws FlashDiffError `ERR_NATIVE_LOAD`; `ERR_UNSUPPORTED` when a variable of the environment asks
 *   for what there is not, such as `FLASHDIFF_CPU_ISA=avx9`
 */
export function inspect(): Inspection {
  const addon = native();
  const { version, cpu, cuda } = addon.inspect();
  const devices = cuda.devices.map((device, index) => ({
    ...device,
    allocated: addon.allocatedBytes(index),
  }));
  return {
    version,
    cpu: { ...cpu, allocated: addon.allocatedBytes(-1) },
    cuda: { ...cuda, devices },
    environment: readEnvironment(),
  };
}

/** Every engine and kernel that this machine can run, and how a process is made to use it. */

import type { Device } from '../device.js';
import type { Inspection } from '../inspect.js';

export interface Engine {
  /** 'cpu:avx2', 'cuda:0:hopper' */
  readonly name: string;
  readonly device: Device;
  /** Variables of the environment, read once a process. */
  readonly environment: Readonly<Record<string, string>>;
  readonly hardware: string;
}

export function enginesOf({ cpu, cuda }: Inspection, processor: string): Engine[] {
  const onCpu = cpu.isas.map((isa) => ({
    name: `cpu:${isa}`,
    device: 'cpu' as const,
    environment: { FLASHDIFF_CPU_ISA: isa },
    hardware: processor,
  }));
  const onCuda = cuda.devices.flatMap((device, index) =>
    device.kernels.map((kernel) => ({
      name: `cuda:${index}:${kernel}`,
      device: `cuda:${index}` as const,
      environment: { FLASHDIFF_CUDA_KERNEL: kernel },
      hardware: device.name,
    })),
  );
  return [...onCpu, ...onCuda];
}

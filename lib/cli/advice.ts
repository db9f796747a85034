/** For each thing that this machine lacks, what would bring it. */

import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { Inspection } from '../inspect.js';

export interface Advice {
  readonly missing: string;
  readonly bring: string;
}

/** What the addon's inspection does not know about the machine. */
export interface Surroundings {
  readonly arch: string;
  readonly cores: number;
  /** An NVIDIA GPU sits in the machine, whatever its driver does. */
  readonly nvidiaGpu: boolean;
  readonly onnxruntime: boolean;
  readonly torch: boolean;
}

const kIsas: Readonly<Record<string, string>> = {
  'avx512-bf16':
    'a CPU with AVX-512 BF16 (Intel Cooper Lake or Sapphire Rapids and later, AMD Zen 4 and later)',
  avx512: 'a CPU with AVX-512 (Intel Skylake-SP and later, AMD Zen 4 and later)',
  avx2: 'a CPU with AVX2 and FMA (Intel Haswell and later, AMD Zen and later)',
};

export function surroundings(): Surroundings {
  return {
    arch: process.arch,
    cores: availableParallelism(),
    nvidiaGpu: hasNvidiaGpu(),
    onnxruntime: resolves('onnxruntime-node'),
    torch: pythonHas('torch'),
  };
}

export function adviceFor(inspection: Inspection, around: Surroundings): Advice[] {
  const advice = [...cpuAdvice(inspection, around), ...cudaAdvice(inspection, around)];
  if (!around.onnxruntime) {
    const bring = 'npm install onnxruntime-node, in the folder where you call it';
    advice.push({ missing: 'bench --peers on the CPU: onnxruntime-node', bring });
  }
  if (!around.torch) {
    const bring = 'a python3 on PATH that can import torch';
    advice.push({ missing: 'bench --peers: PyTorch', bring });
  }
  return advice;
}

function* cpuAdvice({ cpu, environment }: Inspection, { arch, cores }: Surroundings) {
  if (arch === 'x64') {
    for (const [isa, bring] of Object.entries(kIsas)) {
      if (!cpu.isas.includes(isa)) yield { missing: `CPU engine ${isa}`, bring };
    }
  }
  if (cpu.isa !== cpu.isas[0]) {
    const forced = environment.FLASHDIFF_CPU_ISA;
    const bring = forced ? `unset FLASHDIFF_CPU_ISA=${forced}` : 'an addon built with it';
    yield { missing: `CPU engine ${cpu.isas[0]} is not in use`, bring };
  }
  if (cpu.threads < cores) {
    const forced = environment.FLASHDIFF_NUM_THREADS;
    const bring = forced
      ? `unset FLASHDIFF_NUM_THREADS=${forced}`
      : `FLASHDIFF_NUM_THREADS=${cores}, if hardware threads that share a core help your program`;
    yield { missing: `${cores - cpu.threads} of ${cores} hardware threads`, bring };
  }
}

function* cudaAdvice({ cuda, environment }: Inspection, { nvidiaGpu }: Surroundings) {
  if (!cuda.available) {
    yield { missing: 'CUDA', bring: wayToCuda(cuda, nvidiaGpu) };
    return;
  }
  for (const [i, { name, computeCapability, kernels }] of cuda.devices.entries()) {
    const device = `cuda:${i} (${name}, compute capability ${computeCapability})`;
    if (kernels.length === 0) {
      yield { missing: `kernels for ${device}`, bring: 'a GPU of compute capability 8.0 or later' };
    } else if (!kernels.includes('hopper')) {
      const bring = wayToHopper(computeCapability, environment.FLASHDIFF_CUDA_KERNEL);
      yield { missing: `kernel hopper on ${device}`, bring };
    }
  }
}

function wayToHopper(computeCapability: string, forced: string | undefined): string {
  if (computeCapability !== '9.0') return 'a GPU of compute capability 9.0 (H100, H200, GH200)';
  if (forced) return `unset FLASHDIFF_CUDA_KERNEL=${forced}`;
  return 'an addon built for it: npm run build:native -- --CDFLASHDIFF_ARCHS=90a-real';
}

function wayToCuda({ driver, runtime }: Inspection['cuda'], nvidiaGpu: boolean): string {
  if (runtime === '') {
    return 'the released package, or a checkout built with nvcc (CUDA 13) on PATH';
  }
  if (!nvidiaGpu && driver === '') {
    return 'an NVIDIA GPU of compute capability 8.0 or later (in a container: docker run --gpus all)';
  }
  if (driver === '') return `an NVIDIA driver that knows CUDA ${runtime} (580 or later)`;
  if (Number.parseFloat(driver) < Number.parseFloat(runtime)) {
    return `a newer driver: this one knows CUDA ${driver}, the addon was built with ${runtime}`;
  }
  return 'a visible GPU: see nvidia-smi, CUDA_VISIBLE_DEVICES, and --gpus of the container';
}

/** By the vendor's number on the PCI bus; class 3 is a display or 3D controller. */
function hasNvidiaGpu(): boolean {
  const bus = '/sys/bus/pci/devices';
  const read = (device: string, file: string) => readFileSync(join(bus, device, file), 'utf8');
  try {
    return readdirSync(bus).some(
      (device) =>
        read(device, 'vendor').startsWith('0x10de') && read(device, 'class').startsWith('0x03'),
    );
  } catch {
    return false;
  }
}

/** From where the command was called, as bench looks for it. */
function resolves(name: string): boolean {
  try {
    createRequire(join(process.cwd(), 'package.json')).resolve(name);
    return true;
  } catch {
    return false;
  }
}

function pythonHas(module: string): boolean {
  const find = `import importlib.util as u, sys; sys.exit(u.find_spec("${module}") is None)`;
  try {
    execFileSync('python3', ['-c', find], { stdio: 'ignore', timeout: 10_000 });
    return true;
  } catch {
    return false;
  }
}

/** What `flashdiff inspect` says is missing, on machines that this one is not. */

import type { Inspection } from 'flashdiff';
import { adviceFor, type Surroundings } from '../dist/cli/advice.js';

const gpu = {
  name: 'NVIDIA H200',
  computeCapability: '9.0',
  multiprocessors: 132,
  memory: 1,
  allocated: 0,
  kernels: ['hopper', 'generic'],
};
const all: Inspection = {
  version: '1.0.0',
  cpu: {
    isa: 'avx512-bf16',
    isas: ['avx512-bf16', 'avx512', 'avx2', 'baseline'],
    threads: 8,
    allocated: 0,
  },
  cuda: { available: true, reason: '', driver: '13.0', runtime: '13.0', devices: [gpu] },
  environment: {},
};
const around: Surroundings = {
  arch: 'x64',
  cores: 8,
  nvidiaGpu: true,
  onnxruntime: true,
  torch: true,
};
const without = (cuda: Partial<Inspection['cuda']>): Inspection => ({
  ...all,
  cuda: { ...all.cuda, available: false, reason: 'why', devices: [], ...cuda },
});
const withGpu = (device: Partial<typeof gpu>, environment = {}): Inspection => ({
  ...all,
  cuda: { ...all.cuda, devices: [{ ...gpu, ...device }] },
  environment,
});

test('none where nothing is missing', () => {
  expect(adviceFor(all, around)).toEqual([]);
});

test.each<[string, Inspection, Partial<Surroundings>, string, RegExp]>([
  ['a build without CUDA', without({ runtime: '' }), {}, 'CUDA', /released package|nvcc/],
  ['no driver', without({ driver: '' }), {}, 'CUDA', /driver that knows CUDA 13.0/],
  ['no GPU', without({ driver: '' }), { nvidiaGpu: false }, 'CUDA', /NVIDIA GPU/],
  ['an old driver', without({ driver: '12.4' }), {}, 'CUDA', /newer driver: .*12\.4.*13\.0/],
  ['a hidden GPU', without({}), {}, 'CUDA', /CUDA_VISIBLE_DEVICES/],
  [
    'an A100',
    withGpu({ computeCapability: '8.0', kernels: ['generic'] }),
    {},
    'kernel hopper',
    /capability 9\.0/,
  ],
  ['an addon without it', withGpu({ kernels: ['generic'] }), {}, 'kernel hopper', /90a-real/],
  [
    'a forced kernel',
    withGpu({ kernels: ['generic'] }, { FLASHDIFF_CUDA_KERNEL: 'generic' }),
    {},
    'kernel hopper',
    /unset FLASHDIFF_CUDA_KERNEL=generic/,
  ],
  ['a V100', withGpu({ kernels: [] }), {}, 'kernels for cuda:0', /8\.0 or later/],
  [
    'an old CPU',
    { ...all, cpu: { ...all.cpu, isa: 'avx2', isas: ['avx2', 'baseline'] } },
    {},
    'CPU engine avx512',
    /AVX-512/,
  ],
  [
    'a forced engine',
    { ...all, cpu: { ...all.cpu, isa: 'avx2' }, environment: { FLASHDIFF_CPU_ISA: 'avx2' } },
    {},
    'avx512-bf16 is not in use',
    /unset FLASHDIFF_CPU_ISA=avx2/,
  ],
  ['idle cores', all, { cores: 16 }, '8 of 16', /FLASHDIFF_NUM_THREADS=16/],
  ['no onnxruntime', all, { onnxruntime: false }, 'onnxruntime-node', /npm install/],
  ['no PyTorch', all, { torch: false }, 'PyTorch', /python3/],
])('%s', (_, inspection, changes, missing, bring) => {
  const advice = adviceFor(inspection, { ...around, ...changes });
  const [entry] = advice.filter((candidate) => candidate.missing.includes(missing));
  expect(entry?.bring).toMatch(bring);
});

/** A second GPU is a queue and a memory of its own, and computes the same. */

import { writeSync } from 'node:fs';
import { diffAttention, elapsed, FlashDiffError, inspect, Tensor } from 'flashdiff';
import type { Case } from '../dist/verify/cases.js';
import { problemOf } from '../dist/verify/problem.js';
import { base } from './support/base.js';
import { compute, expectWithinRule } from './support/expect.js';
import { identical } from './support/numbers.js';

const { devices } = inspect().cuda;
const withTwo = devices.length > 1 ? describe : describe.skip;
if (devices.length < 2) {
  writeSync(2, `tests of cuda:1 skipped: this machine has CUDA devices: ${devices.length}\n`);
}

withTwo('cuda:1', () => {
  const second = { device: 'cuda:1' } as const;
  const place = { dtype: 'bfloat16', ...second } as const;
  const operands = (device: 'cuda' | 'cuda:1') => {
    const tensor = (heads: number, dim: number) => {
      const data = new Float32Array(256 * heads * dim).map((_, i) => Math.sin(i));
      return Tensor.from(data, { shape: [1, 256, heads, dim], dtype: 'bfloat16', device });
    };
    return [tensor(4, 128), tensor(4, 128), tensor(2, 256)] as const;
  };

  test.each<[string, Partial<Case>]>([
    ['a kernel for all shapes', { headDim: 72 }],
    ['D = 64', { headDim: 64, mask: { causal: true }, subln: 'weight' }],
    ['D = 96', { headDim: 96, view: 'transposed' }],
    ['D = 128', { headDim: 128, lambda: 'token' }],
    ['shared keys', { headDim: 128, layout: 'v2', dtype: 'float16' }],
  ])('%s: within the rule, with the bits of the first', async (_name, fields) => {
    const problem = problemOf({ ...base, ...fields }, fields.dtype ?? base.dtype);
    await expectWithinRule(problem, { ...second, view: fields.view ?? 'contiguous' });
    const [a, b] = await Promise.all([
      compute(problem, second),
      compute(problem, { device: 'cuda' }),
    ]);
    expect(identical(a.out.data, b.out.data)).toBe(true);
    expect(identical(a.lse?.data ?? [], b.lse?.data ?? [])).toBe(true);
  });

  test('its tensors say where they are, and where memory went', async () => {
    const before = inspect().cuda.devices.map(({ allocated }) => allocated);
    const tensor = Tensor.empty([1024], place);
    await tensor.ready();
    expect(tensor.device).toBe('cuda:1');
    const after = inspect().cuda.devices.map(({ allocated }) => allocated);
    expect(after.map((bytes, i) => bytes - (before[i] ?? 0)).slice(0, 2)).toEqual([0, 2048]);
    tensor.dispose();
  });

  test('tensors move between the two, and views of them', async () => {
    const data = new Float32Array(4096).map((_, i) => i);
    const there = Tensor.from(data, { shape: [64, 64], device: 'cuda' });
    const here = there.transpose(0, 1).to(second);
    const back = here.transpose(0, 1).to({ device: 'cuda' });
    expect([here.device, back.device]).toEqual(['cuda:1', 'cuda']);
    expect(await back.data()).toEqual(data);
  });

  test('operands of both are refused, with the name of each device', () => {
    const [q, , v] = operands('cuda');
    const [, k] = operands('cuda:1');
    const bad = () => diffAttention(q, k, v, { lambda: 0.5 });
    expect(bad).toThrow(RangeError);
    expect(bad).toThrow(/on 'cuda', where `q` is, for `k`, got 'cuda:1'/);
  });

  test('both work at the same time, in turn from one thread', async () => {
    const sides = [operands('cuda'), operands('cuda:1')];
    const outs = Array.from({ length: 10 }, () =>
      sides.map((side) => diffAttention(...side, { lambda: 0.5, causal: true })),
    ).flat();
    const [first, ...rest] = await Promise.all(outs.map((out) => out.data()));
    for (const other of rest) expect(identical(other, first as Uint16Array)).toBe(true);
  });

  test('a clock on one does not count what the other does', async () => {
    const zeros = (heads: number, dim: number) =>
      Tensor.empty([1, 8192, heads, dim], { dtype: 'bfloat16', device: 'cuda' });
    const [q, k, v] = [zeros(8, 128), zeros(8, 128), zeros(4, 256)];
    let short = Promise.resolve(0);
    const long = await elapsed('cuda', () => {
      for (let i = 0; i < 50; i += 1) diffAttention(q, k, v, { lambda: 0.5 }).dispose();
      short = elapsed('cuda:1', () => Tensor.empty([16], place).dispose());
    });
    expect(await short).toBeLessThan(long / 4);
  });

  test('a failure on it leaves the first alone', async () => {
    const hopeless = Tensor.empty([2 ** 24, 2 ** 24], place);
    const fine = Tensor.empty([16], { device: 'cuda' });
    await expect(hopeless.ready()).rejects.toThrow(FlashDiffError);
    await expect(hopeless.ready()).rejects.toThrow(/cuda:1/);
    expect(await fine.data()).toEqual(new Float32Array(16));
    expect(await Tensor.empty([2], second).data()).toEqual(new Float32Array(2));
  });
});

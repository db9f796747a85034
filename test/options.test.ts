/** What options mean, by identities that must hold bit for bit; accuracy is tested elsewhere. */

import {
  type Device,
  type DiffAttentionOptions,
  diffAttention,
  elapsed,
  inspect,
  lambdaFull,
  lambdaInit,
  Tensor,
} from 'flashdiff';
import { devices } from './support/devices.js';

describe('lambdaInit', () => {
  test.each([
    [0, 0.2],
    [1, 0.3555090675909693],
    [27, 0.7998178765171527],
  ])('of layer %d', (depth, expected) => {
    expect(lambdaInit(depth)).toBeCloseTo(expected, 14);
  });
});

describe('lambdaFull', () => {
  test('is e^(q1·k1) − e^(q2·k2) + λ_init', () => {
    const vectors = {
      q1: Float32Array.of(0.5, -1),
      k1: [0.5, 0.25],
      q2: Float64Array.of(1, 1),
      k2: [-0.5, 0.25],
    };
    expect(lambdaFull(vectors, 0.2)).toBeCloseTo(Math.exp(0) - Math.exp(-0.25) + 0.2, 14);
    expect(lambdaFull({ q1: [], k1: [], q2: [], k2: [] }, 0.8)).toBeCloseTo(0.8, 14);
  });
});

describe.each(devices())('diffAttention on %s', (device) => {
  const operands = makeOperands(device);
  const base: DiffAttentionOptions = { lambda: 0.5, softmaxScale: 0.7 };
  const run = async (options: Partial<DiffAttentionOptions>, { q, k, v }: Operands = operands) => {
    const out = diffAttention(q, k, v, { ...base, returnLse: false, ...options }) as Tensor;
    return bits(out);
  };
  const lambdaTensor = (values: number[], shape: number[]) =>
    Tensor.from(Float32Array.from(values), { shape, device });

  test('gives the shape, dtype and device of the call', () => {
    const { q, k, v } = operands;
    const { out, lse } = diffAttention(q, k, v, { lambda: 0.5, returnLse: true });
    expect([out.shape, out.dtype, out.device]).toEqual([[2, 5, 2, 32], 'bfloat16', device]);
    expect([lse.shape, lse.dtype, lse.device]).toEqual([[2, 2, 2, 5], 'float32', device]);
  });

  const same: [name: string, Partial<DiffAttentionOptions>, Partial<DiffAttentionOptions>][] = [
    ['defaults', {}, { layout: 'v1', causal: false, sinks: 0, outputScale: 1 }],
    ['undefined is the default', {}, { window: undefined, subln: undefined, causal: undefined }],
    ['Infinity is unbounded', { window: [2, Infinity] }, { window: [2, -1] }],
    ['an unbounded window is none', {}, { window: [-1, Infinity] }],
    ['causal closes the right', { causal: true, window: [2, 0] }, { causal: true, window: [2, 9] }],
    ['causal is a window', { causal: true }, { window: [-1, 0] }],
    ['sinks need a window', {}, { sinks: 3 }],
    ['eps is 1e-5', { subln: {} }, { subln: { eps: 1e-5 } }],
    ['scale is 1/√D', { softmaxScale: undefined }, { softmaxScale: 0.25 }],
  ];
  test.each(same)('%s', async (_name, one, other) => {
    expect(await run(one)).toEqual(await run(other));
  });

  const different: [name: string, Partial<DiffAttentionOptions>][] = [
    ['lambda', { lambda: 0.6 }],
    ['causal', { causal: true }],
    ['window', { window: [1, 1] }],
    ['softmaxScale', { softmaxScale: 0.8 }],
    ['a negative softmaxScale', { softmaxScale: -0.7 }],
    ['subln', { subln: {} }],
    ['outputScale', { outputScale: 0.5 }],
  ];
  test.each(different)('%s changes the result', async (_name, options) => {
    expect(await run(options)).not.toEqual(await run({}));
  });

  test('sinks change a windowed result', async () => {
    expect(await run({ window: [1, 0], sinks: 2 })).not.toEqual(await run({ window: [1, 0] }));
  });

  test('lambda a call, a head and a token are one', async () => {
    const perHead = [0.25, 0.75];
    const perToken = Array.from({ length: 10 }, () => perHead).flat();
    const number = await run({ lambda: 0.5 });
    expect(await run({ lambda: lambdaTensor([0.5, 0.5], [2]) })).toEqual(number);
    const heads = await run({ lambda: lambdaTensor(perHead, [2]) });
    expect(heads).not.toEqual(number);
    expect(await run({ lambda: lambdaTensor(perToken, [2, 5, 2]) })).toEqual(heads);

    const strided = lambdaTensor([0.25, 9, 0.75, 9], [2, 2]).slice(null, [0, 1]).reshape([2]);
    expect(strided.strides).toEqual([2]);
    expect(await run({ lambda: strided })).toEqual(heads);
  });

  test('a weight of ones is none, and others count', async () => {
    const ones = Tensor.from(new Float32Array(32).fill(1), { device });
    const twos = Tensor.from(new Float32Array(64).fill(2), { device }).slice([32]);
    const plain = await run({ subln: {} });
    expect(await run({ subln: { weight: ones } })).toEqual(plain);
    expect(await run({ subln: { weight: twos } })).toEqual(
      await run({ subln: {}, outputScale: 2 }),
    );
  });

  test('strided operands give what their copies give', async () => {
    const strided = {
      q: operands.q.transpose(1, 2).contiguous().transpose(1, 2),
      k: operands.k.transpose(1, 2).contiguous().transpose(1, 2),
      v: operands.v.transpose(0, 2).contiguous().transpose(0, 2),
    };
    expect(strided.q.strides).not.toEqual(operands.q.strides);
    expect(await run({ causal: true }, strided)).toEqual(await run({ causal: true }));
  });

  test('a slice of a batch gives a slice of the result', async () => {
    const { q, k, v } = operands;
    const part = { q: q.slice([1]), k: k.slice([1]), v: v.slice([1]) };
    const whole = diffAttention(q, k, v, base) as Tensor;
    expect(await run({}, part)).toEqual(await bits(whole.slice([1])));
  });

  test('layouts are the same heads in other places', async () => {
    const { q, k, v } = operands;
    const evenFirst = (t: Tensor, heads: number) => {
      const [batch = 0, length = 0, , dim = 0] = t.shape;
      const pairs = t.reshape([batch, length, heads, 2, dim]).transpose(2, 3).contiguous();
      return pairs.reshape([batch, length, 2 * heads, dim]);
    };
    const diffllama = {
      q: evenFirst(q, 2),
      k: evenFirst(k, 1),
      v: v.reshape([2, 7, 2, 16]),
    };
    expect(await run({ layout: 'diffllama' }, diffllama)).toEqual(await run({}));

    const sharedKeys = k.slice(null, null, [0, 1]);
    const twice = Tensor.from(doubled(await bits(sharedKeys.contiguous()), 16), {
      shape: [2, 7, 2, 16],
      dtype: 'bfloat16',
      device,
    });
    const narrow = v.slice(null, null, null, [0, 16]);
    const v2 = await run({ layout: 'v2' }, { q, k: sharedKeys, v: narrow });
    const v1 = diffAttention(q, twice, v, base) as Tensor;
    const half = v1.slice(null, null, null, [0, 16]);
    expect(v2).toEqual(await bits(half));
  });

  test('sizes of zero are legal', async () => {
    const { q, k, v } = operands;
    const none = (t: Tensor, dimension: number) =>
      dimension === 0 ? t.slice([0, 0]) : t.slice(null, [0, 0]);
    const noBatch = diffAttention(none(q, 0), none(k, 0), none(v, 0), base) as Tensor;
    expect([noBatch.shape, (await noBatch.data()).length]).toEqual([[0, 5, 2, 32], 0]);
    const noQueries = diffAttention(none(q, 1), k, v, base) as Tensor;
    expect([noQueries.shape, (await noQueries.data()).length]).toEqual([[2, 0, 2, 32], 0]);

    const options = { ...base, subln: {}, returnLse: true } as const;
    const { out, lse } = diffAttention(q, none(k, 1), none(v, 1), options);
    expect(values(await bits(out))).toEqual(new Array(640).fill(0));
    expect([...(await lse.data())]).toEqual(new Array(40).fill(-Infinity));
  });

  test('results outlive their operands', async () => {
    const { q, k, v } = makeOperands(device);
    const out = diffAttention(q, k, v, base) as Tensor;
    for (const tensor of [q, k, v]) tensor.dispose();
    expect(await bits(out)).toEqual(await run({}));
  });

  test('elapsed measures what fn enqueues, and waits for an async one', async () => {
    const { q, k, v } = operands;
    const work = () => void diffAttention(q, k, v, base);
    expect(await elapsed(device, work)).toBeGreaterThan(0);
    const later = async () => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      work();
    };
    const milliseconds = await elapsed(device, later);
    expect(milliseconds).toBeGreaterThan(0);
    expect(Number.isFinite(milliseconds)).toBe(true);
  });
});

describe('inspect', () => {
  test('tells of the package and the CPU', () => {
    const { version, cpu } = inspect();
    expect(version).toBe(require('flashdiff/package.json').version);
    expect(cpu.isas).toContain(cpu.isa);
    expect(cpu.threads).toBeGreaterThanOrEqual(1);
    expect(cpu.allocated).toBeGreaterThanOrEqual(0);
  });

  test('tells of CUDA, or why not', () => {
    const { available, reason, devices } = inspect().cuda;
    expect(reason === '').toBe(available);
    expect(devices.length > 0).toBe(available);
    for (const { kernels, memory } of devices) {
      expect(kernels.length).toBeGreaterThan(0);
      expect(memory).toBeGreaterThan(0);
    }
  });
});

interface Operands {
  q: Tensor;
  k: Tensor;
  v: Tensor;
}

/** Layout v1: B 2, Nq 5, Nk 7, H 2, Hkv 1, D 16; every call the same numbers. */
function makeOperands(device: Device): Operands {
  let seed = 1;
  const random = (...shape: number[]) => {
    const data = new Float32Array(shape.reduce((size, length) => size * length, 1));
    for (let i = 0; i < data.length; i += 1) {
      seed = (Math.imul(seed, 1664525) + 1013904223) | 0;
      data[i] = seed / 2 ** 30;
    }
    return Tensor.from(data, { shape, dtype: 'bfloat16', device });
  };
  return { q: random(2, 5, 4, 16), k: random(2, 7, 2, 16), v: random(2, 7, 1, 32) };
}

async function bits(tensor: Tensor): Promise<Uint16Array> {
  return (await tensor.data()) as Uint16Array;
}

function values(bfloat16: Uint16Array): number[] {
  return [...new Float32Array(Uint32Array.from(bfloat16, (bit) => bit << 16).buffer)];
}

/** Every run of `length` elements twice. */
function doubled(data: Uint16Array, length: number): Uint16Array {
  const result = new Uint16Array(2 * data.length);
  for (let i = 0; i < data.length; i += length) {
    const run = data.subarray(i, i + length);
    result.set(run, 2 * i);
    result.set(run, 2 * i + length);
  }
  return result;
}

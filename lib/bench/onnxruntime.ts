/**
 * What a Node user has on the CPU: onnxruntime-node's MultiHeadAttention, once a map, and the
 * difference, in one graph. It is looked for from the folder where the command was called.
 */

import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fromBits, diffAttention as reference } from '../reference.js';
import { rowsAcross } from '../verify/rows.js';
import { fill } from './data.js';
import { onnxModel } from './onnx_model.js';
import { kLambda } from './ours.js';
import type { Peers } from './peers.js';
import { type Contender, summarise, type Times } from './result.js';
import { flopsOf, isPlain, type Mask, type Shape } from './shape.js';

interface OrtTensor {
  readonly data: Float32Array;
}
interface Session {
  run(feeds: Record<string, OrtTensor>): Promise<Record<string, OrtTensor>>;
  release(): Promise<void>;
}
/** The part of onnxruntime-node that is used. */
interface Ort {
  InferenceSession: { create(model: Uint8Array, options: object): Promise<Session> };
  Tensor: new (type: 'float32', data: Float32Array, dims: readonly number[]) => OrtTensor;
}

const kName = 'onnxruntime x2';
const kMatmul = 2048;
const kCheckedRows = 8;

export async function measureOnnxruntime(
  shapes: readonly Shape[],
  masks: readonly Mask[],
  { runs, table, threads }: { runs: number; table: Uint16Array; threads: number },
): Promise<Peers> {
  const from = createRequire(join(process.cwd(), 'package.json'));
  const ort = from('onnxruntime-node') as Ort;
  const { version } = from('onnxruntime-node/package.json') as { version: string };
  const options = { intraOpNumThreads: threads };
  const matmul = await measureMatmul(ort, options, runs);
  const found = new Map<Shape, Map<Mask, Contender>>();
  for (const shape of shapes.filter(isPlain)) {
    const entries = new Map<Mask, Contender>();
    found.set(shape, entries);
    for (const mask of masks.filter(({ left }) => left === undefined)) {
      entries.set(mask, await measureShape(ort, options, shape, mask, runs, table));
    }
  }
  return {
    versions: { 'onnxruntime-node': version },
    ceilings: {
      flops: {
        perSecond: (2 * kMatmul ** 3) / (matmul.median / 1e3),
        of: 'onnxruntime matmul 2048³',
      },
    },
    contenders(shape, mask) {
      const entry = found.get(shape)?.get(mask);
      return entry ? [entry] : [];
    },
  };
}

async function measureShape(
  ort: Ort,
  options: object,
  shape: Shape,
  mask: Mask,
  runs: number,
  table: Uint16Array,
): Promise<Contender> {
  const peer = { name: kName, role: 'peer', flops: flopsOf(shape, mask) } as const;
  const { batch, heads, seqlenQ: n, headDim } = shape;
  const dims = [batch, n, heads * headDim];
  const wide = [batch, n, heads * 2 * headDim];
  const attributes = { num_heads: heads, unidirectional: mask.causal ? 1 : 0 };
  const attention = (map: number) => ({
    op: 'MultiHeadAttention',
    domain: 'com.microsoft',
    inputs: [`q${map}`, `k${map}`, 'v'],
    outputs: [`o${map}`],
    attributes,
  });
  const model = onnxModel(
    [
      attention(1),
      attention(2),
      { op: 'Mul', inputs: ['lambda', 'o2'], outputs: ['scaled'] },
      { op: 'Sub', inputs: ['o1', 'scaled'], outputs: ['out'] },
    ],
    { q1: dims, q2: dims, k1: dims, k2: dims, v: wide, lambda: [1] },
    { out: wide },
  );
  try {
    const q = floats(batch * n * 2 * heads * headDim, 1, table);
    const k = floats(batch * n * 2 * heads * headDim, 2, table);
    const v = floats(batch * n * heads * 2 * headDim, 3, table);
    const feeds = {
      q1: new ort.Tensor('float32', everyOtherHead(q, 0, headDim), dims),
      q2: new ort.Tensor('float32', everyOtherHead(q, 1, headDim), dims),
      k1: new ort.Tensor('float32', everyOtherHead(k, 0, headDim), dims),
      k2: new ort.Tensor('float32', everyOtherHead(k, 1, headDim), dims),
      v: new ort.Tensor('float32', v, wide),
      lambda: new ort.Tensor('float32', Float32Array.of(kLambda), [1]),
    };
    const session = await ort.InferenceSession.create(model, options);
    const { out } = await session.run(feeds);
    const error = errorOf(out as OrtTensor, { q, k, v }, shape, mask);
    if (!(error < 1e-3)) throw new Error(`error ${error} against the reference`);
    const warm = await timesOf(() => session.run(feeds), runs);
    await session.release();
    return { ...peer, error, warm };
  } catch (failure) {
    return { ...peer, failed: (failure as Error).message.split('\n')[0] ?? '' };
  }
}

/** Largest error on sampled rows of the first head of the first batch. */
function errorOf(
  out: OrtTensor,
  { q, k, v }: Record<'q' | 'k' | 'v', Float32Array>,
  { heads, seqlenQ: n, headDim }: Shape,
  { causal }: Mask,
): number {
  const rows = rowsAcross(n, kCheckedRows, n);
  const width = 2 * headDim;
  const head = (data: Float32Array, inner: readonly number[]) => ({
    data: firstHead(data, n, heads * width, width),
    shape: [1, n, ...inner],
  });
  const sources = [head(q, [2, headDim]), head(k, [2, headDim]), head(v, [1, width])] as const;
  const expected = reference(...sources, { lambda: kLambda, causal, rows }).data;
  let worst = 0;
  for (const [r, row] of rows.entries()) {
    for (let c = 0; c < width; c += 1) {
      const got = out.data[row * heads * width + c] as number;
      worst = Math.max(worst, Math.abs(got - (expected[r * width + c] as number)));
    }
  }
  return worst;
}

async function measureMatmul(ort: Ort, options: object, runs: number): Promise<Times> {
  const dims = [kMatmul, kMatmul];
  const node = { op: 'MatMul', inputs: ['a', 'b'], outputs: ['c'] };
  const model = onnxModel([node], { a: dims, b: dims }, { c: dims });
  const session = await ort.InferenceSession.create(model, options);
  const a = new ort.Tensor('float32', new Float32Array(kMatmul ** 2).fill(0.5), dims);
  const times = await timesOf(() => session.run({ a, b: a }), runs);
  await session.release();
  return times;
}

async function timesOf(run: () => Promise<unknown>, runs: number): Promise<Times> {
  const samples: number[] = [];
  for (let i = 0; i <= runs; i += 1) {
    const start = performance.now();
    await run();
    if (i > 0) samples.push(performance.now() - start);
  }
  return summarise(samples);
}

function floats(count: number, seed: number, table: Uint16Array): Float32Array {
  return Float32Array.from(fromBits(fill(count, seed, table), 'bfloat16'));
}

/** From [..., 2H, D] the heads 2h + offset. */
function everyOtherHead(data: Float32Array, offset: number, dim: number): Float32Array {
  const half = new Float32Array(data.length / 2);
  for (let h = 0; h < half.length / dim; h += 1) {
    const start = (2 * h + offset) * dim;
    half.set(data.subarray(start, start + dim), h * dim);
  }
  return half;
}

function firstHead(data: Float32Array, rows: number, stride: number, width: number): Float32Array {
  const part = new Float32Array(rows * width);
  for (let row = 0; row < rows; row += 1) {
    part.set(data.subarray(row * stride, row * stride + width), row * width);
  }
  return part;
}

// Copied into a project of each kind of module.
import {
  type DiffAttentionOptions,
  diffAttention,
  type Inspection,
  inspect,
  Tensor,
} from 'flashdiff';
import { diffAttention as reference } from 'flashdiff/reference';

const options = { lambda: 0.5, causal: true } satisfies DiffAttentionOptions;
const shape = [1, 3, 2, 4];
const q = Tensor.from(new Float32Array(24), { shape });
const k = Tensor.from(new Float32Array(24), { shape, dtype: 'float32' });
const v = Tensor.from(new Float32Array(24).fill(2), { shape: [1, 3, 1, 8] });
using out = diffAttention(q, k, v, options);
using single = out.to({ dtype: 'float32' });
const data: Float32Array = single.dataSync();
const later: Promise<Float32Array> = single.data();
const { data: expected } = reference(q, k, v, { lambda: 0.5, causal: true });
const { cpu }: Inspection = inspect();
if (data.some((value, i) => Math.abs(value - (expected[i] ?? 0)) > 1e-6)) throw new Error('wrong');
later.then(({ length }) => console.log(`typed, ${length} values on ${cpu.isa}`));
// @ts-expect-error no such layout
diffAttention(q, k, v, { lambda: 1, layout: 'v1' as 'v9' });

// Tensors of other libraries are taken as they are: onnxruntime-node's and transformers.js' have
// { data, dims, type }. Here two heads whose queries, keys and values came out of such a model.
//
// usage: node examples/onnxruntime.mjs
import { diffAttention, inspect, Tensor } from 'flashdiff';

// What `const { q, k, v } = await session.run(feeds)` gives: objects like these.
const q = ortTensor('float32', [1, 6, 4, 8], (i) => Math.sin(i));
const k = ortTensor('float32', [1, 6, 4, 8], (i) => Math.cos(i * 1.3));
const v = ortTensor('float32', [1, 6, 2, 16], (i) => Math.sin(i * 0.7));

const device = inspect().cuda.available ? 'cuda' : 'cpu';
// float32 is for the CPU; on CUDA the same data is rounded to bfloat16 on its way.
const dtype = device === 'cuda' ? 'bfloat16' : 'float32';
const operands = [q, k, v].map((tensor) => Tensor.from(tensor, { device, dtype }));

const out = diffAttention(...operands, { lambda: 0.8, causal: true });
const single = out.to({ dtype: 'float32' });
// And back: new ort.Tensor(result.type, result.data, result.dims)
const result = { type: 'float32', data: await single.data(), dims: [...single.shape] };

console.log(`device ${device}, ${dtype}`);
console.log(`dims [${result.dims}], ${result.data.length} values`);
console.log(`first: ${Array.from(result.data.subarray(0, 4), (x) => x.toFixed(4)).join(' ')}`);
for (const tensor of [...operands, out, single]) tensor.dispose();

function ortTensor(type, dims, value) {
  const size = dims.reduce((a, b) => a * b);
  return { type, dims, data: Float32Array.from({ length: size }, (_, i) => value(i)) };
}

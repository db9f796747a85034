// Tensors of other libraries are taken as they are: those of onnxruntime-node and transformers.js
// have { data, dims, type }. Here three that a model could have given, and the result as a fourth.
//
// usage: node examples/onnxruntime.mjs
import { diffAttention, inspect, Tensor } from 'flashdiff';
// The class of onnxruntime-node's tensors: `import { Tensor } from 'onnxruntime-node'` is the same.
import { Tensor as OrtTensor } from 'onnxruntime-common';

// What `const { q, k, v } = await session.run(feeds)` gives: two heads in layout 'v1'.
const q = modelOutput([1, 6, 4, 8], (i) => Math.sin(i));
const k = modelOutput([1, 6, 4, 8], (i) => Math.cos(i * 1.3));
const v = modelOutput([1, 6, 2, 16], (i) => Math.sin(i * 0.7));

const device = inspect().cuda.available ? 'cuda' : 'cpu';
// float32 is for the CPU; on CUDA the same data is rounded to bfloat16 on its way.
const dtype = device === 'cuda' ? 'bfloat16' : 'float32';
const operands = [q, k, v].map((tensor) => Tensor.from(tensor, { device, dtype }));

const out = diffAttention(...operands, { lambda: 0.8, causal: true });
const single = out.to({ dtype: 'float32' });
// And back, as `session.run` takes it.
const result = new OrtTensor(single.dtype, await single.data(), single.shape);
for (const tensor of [...operands, out, single]) tensor.dispose();

console.log(`device ${device}, ${dtype}`);
console.log(`${result.type}, dims [${result.dims}], ${result.data.length} values`);
console.log(`first: ${Array.from(result.data.subarray(0, 4), (x) => x.toFixed(4)).join(' ')}`);

function modelOutput(dims, value) {
  const size = dims.reduce((a, b) => a * b);
  return new OrtTensor(
    'float32',
    Float32Array.from({ length: size }, (_, i) => value(i)),
    dims,
  );
}

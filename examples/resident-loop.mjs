// Tensors stay on the device between calls: a stack of attention layers, each fed with the result
// of the one before, read once at the end. Nothing blocks meanwhile: a timer goes on ticking.
//
// usage: node examples/resident-loop.mjs [layers]
import { diffAttention, elapsed, inspect, lambdaInit, Tensor } from 'flashdiff';
import { normals } from './normals.mjs';

const layers = Number(process.argv[2] ?? 12);
const { cuda } = inspect();
const device = cuda.available ? 'cuda' : 'cpu';
const [batch, length, heads, dim] = device === 'cuda' ? [4, 4096, 16, 64] : [1, 512, 4, 64];

const normal = normals(3);
const make = (shape) => {
  const size = shape.reduce((a, b) => a * b);
  const data = Float32Array.from({ length: size }, normal);
  return Tensor.from(data, { shape, dtype: 'bfloat16', device });
};
const k = make([batch, length, 2 * heads, dim]);
const v = make([batch, length, heads, 2 * dim]);
const start = make([batch, length, 2 * heads, dim]);

/** Enqueues one layer; its result, seen as [batch, length, 2 × heads, dim], is the next one's q. */
function layer(q, depth) {
  const init = lambdaInit(depth);
  const out = diffAttention(q, k, v, {
    lambda: init,
    causal: true,
    subln: { eps: 1e-5 },
    outputScale: 1 - init,
  });
  const next = out.reshape([batch, length, 2 * heads, dim]);
  // The memory lives on in `next`. With TypeScript or Node 24: using out = diffAttention(...)
  out.dispose();
  q.dispose();
  return next;
}

let ticks = 0;
const timer = setInterval(() => {
  ticks += 1;
}, 5);

let x = start;
const began = performance.now();
const milliseconds = await elapsed(device, () => {
  for (let depth = 0; depth < layers; depth += 1) x = layer(x, depth);
});
const values = await x.data();
const wall = performance.now() - began;
clearInterval(timer);

console.log(`device     ${device}`);
console.log(`layers     ${layers} of [${[batch, length, heads, dim]}], read once at the end`);
console.log(`device     ${(milliseconds / layers).toFixed(3)} ms a layer`);
console.log(`from here  ${wall.toFixed(1)} ms, while a 5 ms timer ticked ${ticks} times`);
console.log(`result     ${values.length} values`);
for (const tensor of [x, k, v]) tensor.dispose();
console.log(`left       ${heldBytes()} bytes in tensors`);

function heldBytes() {
  const { cpu, cuda } = inspect();
  return device === 'cpu' ? cpu.allocated : cuda.devices[0].allocated;
}

// λ swept in one call: λ may be a tensor with a value a head, so that each head tries another one.
// Sixteen heads of queries share one head of keys and values (grouped heads). The values mark the
// needle in column 0 and everything else in column 1, so that the result tells both sums of
// weights.
//
// usage: node examples/lambda-sweep.mjs
import { diffAttention, Tensor } from 'flashdiff';
import { normals } from './normals.mjs';

const heads = 16;
const tokens = 512;
const dim = 16;
const needle = 200;

const random = normals(11);
const content = Float32Array.from({ length: dim }, random);
const noise = Float32Array.from({ length: dim }, () => random() / 2);

// One query, asked by all heads: map 1 looks for the content, both maps for the noise.
const q = new Float32Array(2 * heads * dim);
for (let h = 0; h < heads; h += 1) {
  for (let d = 0; d < dim; d += 1) {
    q[2 * h * dim + d] = noise[d] + content[d];
    q[(2 * h + 1) * dim + d] = noise[d];
  }
}
const k = new Float32Array(tokens * 2 * dim);
const v = new Float32Array(tokens * 2 * dim);
for (let j = 0; j < tokens; j += 1) {
  const amount = random();
  for (let d = 0; d < dim; d += 1) {
    const key = amount * noise[d] + 0.1 * random() + (j === needle ? 1.5 * content[d] : 0);
    k[2 * j * dim + d] = key;
    k[(2 * j + 1) * dim + d] = key;
  }
  v[2 * j * dim + (j === needle ? 0 : 1)] = 1;
}
const lambdas = Float32Array.from({ length: heads }, (_, h) => h / 10);

const tensors = [
  Tensor.from(q, { shape: [1, 1, 2 * heads, dim] }),
  Tensor.from(k, { shape: [1, tokens, 2, dim] }),
  Tensor.from(v, { shape: [1, tokens, 1, 2 * dim] }),
  Tensor.from(lambdas),
];
const [queries, keys, values, lambda] = tensors;
const out = diffAttention(queries, keys, values, { lambda });
const data = await out.data();
for (const tensor of [...tensors, out]) tensor.dispose();

console.log('   λ   needle     rest   needle over rest');
for (let h = 0; h < heads; h += 1) {
  const [found, rest] = data.subarray(2 * h * dim);
  const ratio = Math.abs(found / rest);
  const bar = '#'.repeat(Math.min(40, Math.round(8 * ratio)));
  const cells = [lambdas[h].toFixed(1), found.toFixed(4), rest.toFixed(4), ratio.toFixed(2)];
  console.log(`${cells.map((cell) => cell.padStart(7)).join('  ')}  ${bar}`);
}

import assert from 'node:assert/strict';
import { diffAttention, Tensor } from 'flashdiff';
import { diffAttention as reference } from 'flashdiff/reference';

const values = (shape, seed) => ({
  data: Float32Array.from({ length: shape.reduce((a, b) => a * b) }, (_, i) => Math.sin(i + seed)),
  shape,
  dtype: 'float32',
});
const inputs = [values([1, 5, 4, 8], 1), values([1, 7, 4, 8], 2), values([1, 7, 2, 16], 3)];
const options = { lambda: 0.5, causal: true };
const out = diffAttention(...inputs.map((input) => Tensor.from(input)), options);
const expected = reference(...inputs, options).data;
out.data().then((data) => {
  assert.equal(data.length, expected.length);
  for (const [i, value] of data.entries()) assert.ok(Math.abs(value - expected[i]) < 1e-5);
  console.log(`${data.length} values agree`);
});

const assert = require('node:assert/strict');
const { diffAttention, inspect, Tensor } = require('flashdiff');

assert.equal(inspect().version, require('flashdiff/package.json').version);
const tensors = [
  [1, 3, 2, 4],
  [1, 3, 2, 4],
  [1, 3, 1, 8],
].map((shape) => Tensor.empty(shape));
const data = diffAttention(...tensors, { lambda: 0.5 }).dataSync();
assert.deepEqual([...data], Array(24).fill(0));

import('flashdiff').then((module) => {
  assert.equal(module.Tensor, Tensor);
  console.log('one copy of every class');
});

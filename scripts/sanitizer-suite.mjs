// A few small problems that reach every path of the CUDA kernels, for compute-sanitizer: it slows a
// kernel a hundredfold, so the problems are tiny. Holds each to the rule all the same.
//
// usage: compute-sanitizer --tool memcheck node scripts/sanitizer-suite.mjs [cpu]
import { inspect } from 'flashdiff';
import { nameOf } from '../dist/verify/cases.js';
import { computeAndCheck } from '../dist/verify/compute.js';
import { problemOf } from '../dist/verify/problem.js';
import plain from '../test/support/plain-case.cjs';

const dims = [
  { layout: 'v1', headDim: 64, heads: [2, 1] },
  { layout: 'v1', headDim: 128, heads: [1, 1] },
  { layout: 'diffllama', headDim: 96, heads: [2, 2] },
  { layout: 'v2', headDim: 64, heads: [2, 1], lambda: 'token' },
  { layout: 'v2', headDim: 128, heads: [1, 1], lambda: 'head' },
  { layout: 'v1', headDim: 40, heads: [1, 1] },
];
const lengths = [
  { seqlenQ: 1, seqlenK: 1 },
  { seqlenQ: 65, seqlenK: 130 },
  { seqlenQ: 129, seqlenK: 257 },
  { seqlenQ: 300, seqlenK: 200 },
];
const finish = { subln: 'weight', outputScale: 0.8, returnLse: true };
const masks = [
  { mask: {} },
  { mask: { causal: true }, view: 'sliced' },
  { mask: { causal: true, window: [40, 0], sinks: 3 }, ...finish },
  // An infinite value that some rows see and others do not.
  { mask: { causal: true }, hasInfiniteValue: true },
];
const kInfinity = 0x7f80;

const device = process.argv[2] ?? 'cuda';
const { cuda } = inspect();
if (device === 'cuda' && !cuda.available) throw new Error(cuda.reason);
let count = 0;
for (const dim of dims) {
  for (const length of lengths) {
    for (const { hasInfiniteValue, ...mask } of masks) {
      count += 1;
      const c = { ...plain, returnLse: false, ...dim, ...length, ...mask, seed: count };
      const problem = problemOf(c, nameOf(c));
      if (hasInfiniteValue) problem.v.data[problem.v.data.length >> 1] = kInfinity;
      const { ok, message } = await computeAndCheck(problem, { device, view: c.view });
      if (ok) continue;
      console.error(`${problem.name}\n${message}`);
      process.exitCode = 1;
    }
  }
}
console.log(`${count} problems${process.exitCode ? '' : ', all within the rule'}`);

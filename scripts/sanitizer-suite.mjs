// A few small problems that reach every path of the CUDA kernels, for compute-sanitizer: it slows a
// kernel a hundredfold, so the problems are tiny. Checks each against the reference all the same.
//
// usage: compute-sanitizer --tool memcheck node scripts/sanitizer-suite.mjs
import { diffAttention, inspect, Tensor } from 'flashdiff';
import { diffAttention as reference } from 'flashdiff/reference';

const lengths = [
  [1, 1],
  [65, 130],
  [129, 257],
  [300, 200],
];
const dims = [
  { layout: 'v1', headDim: 64, heads: 2, kvHeads: 1 },
  { layout: 'v1', headDim: 128, heads: 1, kvHeads: 1 },
  { layout: 'diffllama', headDim: 96, heads: 2, kvHeads: 2 },
  { layout: 'v2', headDim: 64, heads: 2, kvHeads: 1 },
  { layout: 'v2', headDim: 128, heads: 1, kvHeads: 1 },
  { layout: 'v1', headDim: 40, heads: 1, kvHeads: 1 },
];
const masks = [
  {},
  { causal: true },
  {
    causal: true,
    window: [40, 0],
    sinks: 3,
    subln: { eps: 1e-5 },
    outputScale: 0.8,
    returnLse: true,
  },
];

let seed = 1;
function random() {
  seed = (Math.imul(seed, 1664525) + 1013904223) | 0;
  return seed / 2 ** 30;
}
const toBits = (value) => {
  const [bits] = new Uint32Array(Float32Array.of(value).buffer);
  return (bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16;
};
const fromBits = (bits) => new Float32Array(Uint32Array.of(bits << 16).buffer)[0];

function operands({ layout, headDim, heads, kvHeads }, [seqlenQ, seqlenK]) {
  const half = layout === 'v2' ? 1 : 2;
  const value = layout === 'v1' ? [kvHeads, 2 * headDim] : [half * kvHeads, headDim];
  const shapes = [
    [1, seqlenQ, 2 * heads, headDim],
    [1, seqlenK, half * kvHeads, headDim],
    [1, seqlenK, ...value],
  ];
  return shapes.map((shape) => ({
    shape,
    dtype: 'bfloat16',
    data: Uint16Array.from({ length: shape.reduce((a, b) => a * b) }, () => toBits(random())),
  }));
}

if (!inspect().cuda.available) throw new Error(inspect().cuda.reason);
let worst = 0;
let count = 0;
for (const dim of dims) {
  for (const length of lengths) {
    const inputs = operands(dim, length);
    const tensors = inputs.map((input) => Tensor.from(input, { device: 'cuda' }));
    for (const mask of masks) {
      const options = { layout: dim.layout, lambda: 0.7, ...mask };
      const result = diffAttention(...tensors, options);
      const values = await (result.out ?? result).data();
      const expected = reference(...inputs, options);
      const { data } = expected.out ?? expected;
      data.forEach((want, i) => {
        worst = Math.max(worst, Math.abs(fromBits(values[i]) - want));
      });
      count += 1;
    }
    for (const tensor of tensors) tensor.dispose();
  }
}
console.log(`${count} problems, largest error ${worst.toExponential(2)}`);
if (!(worst < 0.05)) process.exitCode = 1;

// The same bits every time: fills the memory of the GPU, then runs one problem of each head dim of the
// Hopper kernels again and again, full and causal, with grouped heads and lengths that are no
// multiple of a tile. Results and scratch memory take turns in what little is left. Exits 1 when a
// result differs from the first in any byte.
//
// usage: node scripts/repeat.mjs [repeats, 1000]
import { diffAttention, inspect, Tensor } from 'flashdiff';

const kRepeats = Number(process.argv[2] ?? 1000);
const kInFlight = 4;
/** Bytes left to work in: a few results of 9 MB and their scratch memory. */
const kRoom = 192 << 20;
/** 6 tiles of queries a head: more than an H200 has multiprocessors. */
const [kQueries, kKeys, kHeads, kKvHeads] = [700, 1111, 24, 6];

const dims = [
  { name: '64/128', layout: 'v1', headDim: 64 },
  { name: '96/192', layout: 'v1', headDim: 96 },
  { name: '128/256', layout: 'v1', headDim: 128 },
  { name: '64/64, shared keys', layout: 'v2', headDim: 64 },
  { name: '128/128, shared keys', layout: 'v2', headDim: 128 },
];

let seed = 1;
function random() {
  seed = (Math.imul(seed, 1664525) + 1013904223) | 0;
  return seed / 2 ** 30;
}

function tensor(shape) {
  const data = Float32Array.from({ length: shape.reduce((a, b) => a * b) }, random);
  return Tensor.from(data, { shape, dtype: 'bfloat16', device: 'cuda' });
}

function operands({ layout, headDim }) {
  const maps = layout === 'v2' ? 1 : 2;
  return [
    tensor([1, kQueries, 2 * kHeads, headDim]),
    tensor([1, kKeys, maps * kKvHeads, headDim]),
    tensor([1, kKeys, kKvHeads, maps * headDim]),
  ];
}

const problems = dims.flatMap((dim) => {
  const tensors = operands(dim);
  return [false, true].map((causal) => {
    const options = { layout: dim.layout, lambda: 0.7, causal, subln: { eps: 1e-5 } };
    const run = async () => {
      const out = diffAttention(...tensors, options);
      try {
        const { buffer } = await out.data();
        return Buffer.from(buffer);
      } finally {
        out.dispose();
      }
    };
    return { name: `${dim.name}${causal ? ', causal' : ''}`, run };
  });
});

/** Takes all memory but `kRoom` of the GPU, in tensors of ever smaller sizes. */
async function fill() {
  const room = Tensor.empty([kRoom / 4], { device: 'cuda' });
  const taken = [];
  for (let bytes = 2 ** 32; bytes >= 2 ** 23; ) {
    const tensor = Tensor.empty([bytes / 4], { device: 'cuda' });
    if (await hasMemory(tensor)) {
      taken.push(tensor);
    } else {
      tensor.dispose();
      bytes /= 2;
    }
  }
  room.dispose();
  return taken;
}

async function hasMemory(tensor) {
  try {
    await tensor.ready();
    return true;
  } catch (error) {
    if (error.code === 'ERR_OUT_OF_MEMORY') return false;
    throw error;
  }
}

const { available, reason } = inspect().cuda;
if (!available) throw new Error(reason);
const expected = [];
for (const { run } of problems) expected.push(await run());
const taken = await fill();
const { name, memory, kernels, allocated } = inspect().cuda.devices[0];
const percent = ((100 * allocated) / memory).toFixed(1);
console.log(`${name}, kernels ${kernels.join(', ')}: ${taken.length} tensors fill ${percent} %`);

for (const [i, { name, run }] of problems.entries()) {
  const start = performance.now();
  let different = 0;
  for (let done = 0; done < kRepeats; done += kInFlight) {
    const count = Math.min(kInFlight, kRepeats - done);
    const results = await Promise.all(Array.from({ length: count }, run));
    different += results.filter((result) => !result.equals(expected[i])).length;
  }
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(`${name.padEnd(28)} ${kRepeats} times, ${different} different, ${seconds} s`);
  if (different > 0) process.exitCode = 1;
}

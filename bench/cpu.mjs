// The CPU engine beside its ceilings and its peers, all in one run on one machine.
//
// usage: node bench/cpu.mjs [--threads N] [--runs 15] [--json FILE]
//
// Needs a built package and a C++ compiler, which builds the ceilings: a loop of independent fused
// multiply-adds, and reading memory. Peers, each left out where it is absent:
//   onnxruntime-node   found from the folder where this is called: npm install onnxruntime-node
//   PyTorch            of python3
// Times are the engine's clock by elapsed('cpu'), and for the small problem the wall clock from the
// call to its data. Medians; the spread is from the fastest to the slowest run.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values: flags } = parseArgs({
  options: {
    threads: { type: 'string', default: String(availableParallelism()) },
    runs: { type: 'string', default: '15' },
    json: { type: 'string' },
  },
});
const threads = Number(flags.threads);
const runs = Number(flags.runs);
process.env.FLASHDIFF_NUM_THREADS = flags.threads; // read once, when the package is loaded
const { diffAttention, inspect, Tensor } = await import('flashdiff');
const { runBench } = await import('../dist/bench/run.js');
const { kMasks, labelOf, maskName } = await import('../dist/bench/shape.js');
const { summarise } = await import('../dist/bench/result.js');

const shape = (heads, seqlenQ, seqlenK, headDim) => ({
  batch: 1,
  heads,
  kvHeads: heads,
  seqlenQ,
  seqlenK,
  headDim,
});
const squares = [shape(8, 2048, 2048, 64), shape(4, 2048, 2048, 128), shape(8, 1024, 1024, 64)];
const decode = shape(8, 1, 8192, 128);
const watcher = { step: (_done, _total, what) => console.error(what), note: console.error };

const before = measureCeilings();
const masks = [kMasks.full, kMasks.causal];
const plan = { device: 'cpu', runs };
const outcomes = [];
for (const dtype of ['float32', 'float16', 'bfloat16']) {
  const peers = dtype === 'float32';
  outcomes.push(await runBench({ ...plan, dtype, shapes: squares, masks, peers }, watcher));
  const only = { shapes: [decode], masks: [kMasks.full], peers: false };
  outcomes.push(await runBench({ ...plan, dtype, ...only }, watcher));
}
const pytorch = measurePytorch();
const small = await measureSmall();
const after = measureCeilings();
// Of the two measurements the higher: what stands beside a ceiling must not profit from noise.
const ceilings = {
  gflops: Math.max(before.gflops.median, after.gflops.median),
  gbps: Math.max(before.gbps.median, after.gbps.median),
};

print();
if (flags.json) {
  const { cpu } = inspect();
  const report = { cpu, runs, ceilings: { before, after }, outcomes, pytorch, small };
  writeFileSync(flags.json, `${JSON.stringify(report, null, 1)}\n`);
}

function measureCeilings() {
  const folder = mkdtempSync(join(tmpdir(), 'flashdiff-ceilings-'));
  try {
    const program = join(folder, 'cpu-ceilings');
    const source = fileURLToPath(new URL('cpu-ceilings.cc', import.meta.url));
    const options = ['-std=c++20', '-O3', '-march=native', '-ffp-contract=fast', '-pthread'];
    execFileSync(process.env.CXX ?? 'c++', [...options, source, '-o', program]);
    return JSON.parse(execFileSync(program, [String(threads)], { encoding: 'utf8' }));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function measurePytorch() {
  const script = fileURLToPath(new URL('cpu-peers.py', import.meta.url));
  const input = JSON.stringify({ threads, runs, shapes: squares });
  const { status, stdout, error } = spawnSync('python3', [script], {
    input,
    encoding: 'utf8',
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  if (status === 0) return JSON.parse(stdout);
  console.error(`PyTorch left out: ${error?.message ?? `python3 ended with ${status}`}`);
  return [];
}

/** From the call to its data, a problem so small that no thread is woken. */
async function measureSmall() {
  const tensor = (heads, dim) =>
    Tensor.from(new Float32Array(16 * heads * dim).fill(0.1), { shape: [1, 16, heads, dim] });
  const [q, k, v] = [tensor(2, 64), tensor(2, 64), tensor(1, 128)];
  const samples = [];
  for (let i = 0; i < 5000; i += 1) {
    const start = performance.now();
    const out = diffAttention(q, k, v, { lambda: 0.8 });
    await out.data();
    samples.push(performance.now() - start);
    out.dispose();
  }
  return summarise(samples.slice(1000));
}

function print() {
  const { cpu } = inspect();
  console.log(`${cpu.isa}, ${cpu.threads} threads`);
  console.log(`ceilings: ${ceilings.gflops} GFLOP/s, ${ceilings.gbps} GB/s`);
  console.log(`[1, 1, 16, 64], call to data: median ${(small.median * 1e3).toFixed(1)} us`);
  console.table(outcomes.flatMap(({ series }) => series.measurements.map((m) => row(series, m))));
}

function row({ dtype }, { shape, mask, contenders }) {
  const ours = contenders.find(({ role }) => role === 'ours');
  if (!ours?.warm) return { shape: labelOf(shape), dtype, failed: ours?.failed };
  const rate = ({ median }) => ours.flops / median / 1e6;
  const { median, min, max } = ours.warm;
  const line = {
    shape: labelOf(shape),
    dtype,
    mask: maskName(mask),
    ms: median.toFixed(2),
    spread: `${min.toFixed(2)} to ${max.toFixed(2)}`,
    'GFLOP/s': rate(ours.warm).toFixed(0),
    'of peak': (rate(ours.warm) / ceilings.gflops).toFixed(2),
  };
  if (shape.seqlenQ === 1) {
    const element = dtype === 'float32' ? 4 : 2;
    const bytes = 4 * shape.batch * shape.kvHeads * shape.seqlenK * shape.headDim * element;
    line['of bandwidth'] = (bytes / median / 1e6 / ceilings.gbps).toFixed(2);
  }
  const ort = contenders.find(({ role, warm }) => role === 'peer' && warm);
  if (ort) line['over onnxruntime'] = (ort.warm.median / median).toFixed(2);
  const torch = pytorch.find(
    (entry) => labelOf(entry.shape) === labelOf(shape) && entry.causal === mask.causal,
  );
  if (torch && dtype === 'float32') line['over PyTorch'] = (torch.median / median).toFixed(2);
  return line;
}

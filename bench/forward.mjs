// Forward on a CUDA device: flashdiff beside what a PyTorch user has, in one run on one GPU.
//
// usage: node bench/forward.mjs [--out DIR] [--runs 20] [--no-peers] [--flex-from 16384]
//
// Needs a built package and a CUDA device; the peers need python3 with PyTorch. Every contender is
// checked on sampled rows against the same float32 reference before it is timed. Times are device
// time by CUDA events, one event pair a call, medians; "warm" means that the same call has just run,
// "cold" that 256 MiB were written in between. Rates count the algorithm, 12 D FLOP a visible pair
// and head, except for "standard", the plain Transformer of the same size, which counts its own.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { diffAttention, elapsed, inspect, Tensor } from 'flashdiff';
import { fill, normalTable } from './data.mjs';
import { flops, label, shapes, windowed } from './shapes.mjs';

const LAMBDA = 0.8;
const ROWS = [0, 1, 127, 128, 777, 1500];

const { values: flags } = parseArgs({
  options: {
    out: { type: 'string', default: 'bench/results' },
    runs: { type: 'string', default: '20' },
    'no-peers': { type: 'boolean', default: false },
    'flex-from': { type: 'string', default: '16384' },
  },
});
const runs = Number(flags.runs);
const machine = inspect();
if (!machine.cuda.available) {
  console.error(`bench/forward needs a CUDA device: ${machine.cuda.reason}`);
  process.exitCode = 1;
} else {
  await main();
}

async function main() {
  const table = normalTable();
  const peers = flags['no-peers'] ? null : measurePeers(table);
  const results = [];
  for (const shape of shapes) results.push(...(await measureShape(shape, table, peers)));
  const window = await measureWindow(table);

  mkdirSync(flags.out, { recursive: true });
  const file = join(flags.out, 'forward.json');
  const { torch, cuda, cudnn, matmul_tflops, copy_gbps } = peers ?? {};
  const ceilings = { matmul_tflops, copy_gbps };
  writeFileSync(
    file,
    `${JSON.stringify({ machine, versions: { torch, cuda, cudnn }, ceilings, runs, results, window }, null, 1)}\n`,
  );
  print(results, window, ceilings);
  console.log(`written: ${file}`);
}

function measurePeers(table) {
  const folder = mkdtempSync(join(tmpdir(), 'flashdiff-bench-'));
  try {
    const request = join(folder, 'request.json');
    const answer = join(folder, 'answer.json');
    const flexFrom = Number(flags['flex-from']);
    writeFileSync(
      request,
      JSON.stringify({ shapes, runs, rows: ROWS, table: Array.from(table), flexFrom }),
    );
    const peers = new URL('peers.py', import.meta.url).pathname;
    const { status, error } = spawnSync('python3', [peers, request, answer], {
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    if (error || status !== 0) {
      console.error(`peers left out: ${error?.message ?? `python3 ended with ${status}`}`);
      return null;
    }
    return JSON.parse(readFileSync(answer, 'utf8'));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function operands({ batch, heads, kvHeads = heads, sequence, headDim }, table) {
  const tensor = (seed, shape) =>
    Tensor.from(
      fill(
        shape.reduce((a, b) => a * b),
        seed,
        table,
      ),
      { shape, dtype: 'bfloat16', device: 'cuda' },
    );
  return [
    tensor(1, [batch, sequence, 2 * heads, headDim]),
    tensor(2, [batch, sequence, 2 * kvHeads, headDim]),
    tensor(3, [batch, sequence, kvHeads, 2 * headDim]),
  ];
}

async function measureShape(shape, table, peers) {
  const [q, k, v] = operands(shape, table);
  const results = [];
  for (const causal of [false, true]) {
    const peer = peers?.results.find(
      (entry) => entry.causal === causal && label(entry.shape) === label(shape),
    );
    const run = (options) => diffAttention(q, k, v, { lambda: LAMBDA, causal, ...options });
    const error = peer ? await errorOnRows(run, shape, peer) : undefined;
    const ours = { name: 'flashdiff', error, ...(await times(run, runs)) };
    const fused = await times(() => {
      const { out, lse } = run({ subln: { eps: 1e-5 }, outputScale: 0.2, returnLse: true });
      lse.dispose();
      return out;
    }, runs);
    const { expected, ...rest } = peer ?? { shape, causal, peers: [] };
    results.push({ ...rest, ours, withNormScaleLse: fused });
    console.error(`flashdiff: ${label(shape)} causal=${causal} done`);
  }
  for (const tensor of [q, k, v]) tensor.dispose();
  return results;
}

async function errorOnRows(run, { batch, heads, headDim }, { rows, expected }) {
  const out = run();
  let worst = 0;
  for (const [r, row] of rows.entries()) {
    const view = out.slice(null, [row, row + 1]);
    const bits = Uint32Array.from(await view.data(), (b) => b << 16);
    view.dispose();
    const values = new Float32Array(bits.buffer);
    for (let b = 0; b < batch; b += 1) {
      for (let h = 0; h < heads; h += 1) {
        for (let c = 0; c < 2 * headDim; c += 1) {
          const want = expected[((b * heads + h) * rows.length + r) * 2 * headDim + c];
          const got = values[(b * heads + h) * 2 * headDim + c];
          worst = Math.max(worst, Math.abs(got - want));
        }
      }
    }
  }
  out.dispose();
  if (!(worst < 0.05)) throw new Error(`flashdiff is wrong: error ${worst} on sampled rows`);
  return worst;
}

/** Milliseconds of device time a call; what stands in front hides the launch. */
async function times(run, count) {
  const scratch = Tensor.empty([1 << 26], { dtype: 'float32', device: 'cuda' });
  const before = {
    warm: () => run().dispose(),
    cold: () => scratch.to({ dtype: 'bfloat16' }).dispose(),
  };
  const result = {};
  for (const [state, prepare] of Object.entries(before)) {
    const samples = [];
    for (let i = 0; i < count; i += 1) {
      prepare();
      samples.push(await elapsed('cuda', () => run().dispose()));
    }
    samples.sort((a, b) => a - b);
    result[state] = {
      median: (samples[(count - 1) >> 1] + samples[count >> 1]) / 2,
      min: samples[0],
      max: samples[count - 1],
      runs: count,
    };
  }
  scratch.dispose();
  return result;
}

async function measureWindow(table) {
  const [q, k, v] = operands(windowed, table);
  const run = (options) => () =>
    diffAttention(q, k, v, { lambda: LAMBDA, causal: true, ...options });
  const causal = await times(run({}), runs);
  const window = await times(run({ window: [windowed.left, 0] }), runs);
  for (const tensor of [q, k, v]) tensor.dispose();
  return { shape: windowed, causal, window, ratio: window.warm.median / causal.warm.median };
}

function print(results, window, { matmul_tflops: matmul, copy_gbps: copy }) {
  if (matmul) {
    console.log(`matmul 8192^3 ${matmul.toFixed(0)} TFLOP/s, copy ${copy.toFixed(0)} GB/s`);
  }
  const rows = results.map(({ shape, causal, ours, withNormScaleLse, peers, standard }) => {
    const rate = (ms) => flops(shape, causal) / ms / 1e9;
    const timed = peers.filter((peer) => peer.warm);
    const best = timed.sort((a, b) => a.warm.median - b.warm.median)[0];
    const row = {
      shape: label(shape),
      mask: causal ? 'causal' : 'full',
      flashdiff: rate(ours.warm.median).toFixed(0),
      cold: rate(ours.cold.median).toFixed(0),
      'of matmul': matmul ? (rate(ours.warm.median) / matmul).toFixed(3) : '',
      'norm+lse': `${((withNormScaleLse.warm.median / ours.warm.median - 1) * 100).toFixed(1)} %`,
      'best peer': best ? `${best.name} ${rate(best.warm.median).toFixed(0)}` : '',
      ratio: best ? (best.warm.median / ours.warm.median).toFixed(2) : '',
    };
    const fa2 = timed.find((peer) => peer.name === 'FA2 x4');
    row['over FA2 x4'] = fa2 ? (fa2.warm.median / ours.warm.median).toFixed(2) : '';
    row.standard = standard?.warm
      ? ((flops(shape, causal) * (8 / 12)) / standard.warm.median / 1e9).toFixed(0)
      : '';
    return row;
  });
  console.table(rows);
  console.log(
    `window ${windowed.left} left of ${label(windowed)} on ${windowed.kvHeads} kv heads, causal: ` +
      `${window.window.warm.median.toFixed(3)} ms, ${window.ratio.toFixed(3)} of the time without`,
  );
}

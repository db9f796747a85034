// The CPU engine beside its ceilings and its peers, all in one run on one machine.
//
// usage: node bench/cpu.mjs [--threads N] [--rounds 7] [--runs 5] [--out DIR]
//
// Writes forward.json and forward.html. Needs a built package and a C++ compiler, which builds the
// ceilings: loops of independent fused multiply-adds, and reading memory. Peers, each left out
// where it is absent:
//   onnxruntime-node   found from the folder where this is called: npm install onnxruntime-node
//   PyTorch            of python3, two or later
// Times are the engine's clock by elapsed('cpu'), and for the small problem the wall clock from the
// call to its data. Everything is measured once a round: figures are medians of the rounds' medians,
// the fastest and the slowest run of all of them, and the highest ceiling of any round, except that
// decoding has the higher of the bandwidths measured just before and after it.
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { withCeilings } from './ceilings.mjs';

const { values: flags } = parseArgs({
  options: {
    threads: { type: 'string' },
    rounds: { type: 'string', default: '7' },
    runs: { type: 'string', default: '5' },
    out: { type: 'string', default: '.' },
  },
});
const runs = Number(flags.runs);
if (flags.threads) process.env.FLASHDIFF_NUM_THREADS = flags.threads; // read once, by the first call
const { diffAttention, inspect, Tensor } = await import('flashdiff');
const { threads } = inspect().cpu;
const { benchFile } = await import('../dist/bench/file.js');
const { summarise } = await import('../dist/bench/result.js');
const { runBench } = await import('../dist/bench/run.js');
const { flopsOf, kMasks, labelOf, parseShape } = await import('../dist/bench/shape.js');
const { tableOf } = await import('../dist/cli/bench_table.js');
const { drawReport } = await import('../dist/report/report.js');

const kSequences = [512, 1024, 2048];
const squares = [
  ...kSequences.map((sequence) => parseShape(`1x8x${sequence}x64`)),
  ...kSequences.map((sequence) => parseShape(`1x4x${sequence}x128`)),
];
const decode = parseShape('1x8x1:8192x128');
const tiny = parseShape('1x1x16x64');
const masks = [kMasks.full, kMasks.causal];
const dtypes = ['float32', 'float16', 'bfloat16'];
const watcher = { step: (_done, _total, what) => console.error(what), note: console.error };

await withCeilings(async (measure) => {
  const ceilings = () => namedCeilings(measure(threads));
  const rounds = [];
  for (let i = 0; i < Number(flags.rounds); i += 1) rounds.push(await measureRound(ceilings));
  const outcomes = rounds[0].map((_, i) => merge(rounds.map((round) => round[i])));
  const command = `node bench/cpu.mjs ${process.argv.slice(2).join(' ')}`;
  const file = benchFile(command, outcomes);
  for (const series of file.series) print(series);
  mkdirSync(flags.out, { recursive: true });
  writeFileSync(join(flags.out, 'forward.json'), `${JSON.stringify(file, null, 1)}\n`);
  writeFileSync(join(flags.out, 'forward.html'), await drawReport([file]));
});

/** An outcome a series. */
async function measureRound(ceilings) {
  const outcomes = [];
  const plan = { device: 'cpu', runs };
  const torch = measurePytorch();
  for (const dtype of dtypes) {
    const peers = dtype === 'float32';
    const before = ceilings();
    const forward = await runBench({ ...plan, dtype, shapes: squares, masks, peers }, watcher);
    const between = ceilings();
    const only = { dtype, shapes: [decode], masks: [kMasks.full], runs: 3 * runs, peers: false };
    const decoding = await runBench({ ...plan, ...only }, watcher);
    const after = ceilings();
    const ours = higher(before, between);
    const pairs = dtype === 'bfloat16' && ours.bfloat16 ? ours.bfloat16 : ours.flops;
    const versions = { ...forward.versions, ...(peers && torch.versions) };
    const series = { ...forward.series, ceilings: { flops: pairs } };
    if (peers) for (const measurement of series.measurements) torch.addTo(measurement);
    outcomes.push({ series, versions });
    const { bytes } = higher(between, after);
    const decoded = { ceilings: { bytes }, hardware: `${series.hardware}, one query` };
    outcomes.push({ series: { ...decoding.series, ...decoded }, versions: {} });
  }
  const [{ series }] = outcomes;
  outcomes.push({
    series: {
      ...series,
      hardware: `${series.hardware}, from the call to its data`,
      ceilings: {},
      measurements: [await measureSmall()],
    },
    versions: {},
  });
  return outcomes;
}

function namedCeilings({ gflops, gflopsOfBFloat16, gbps }) {
  const of = (what, { median }) => ({ perSecond: median * 1e9, of: what });
  return {
    flops: of('independent fused multiply-adds', gflops),
    ...(gflopsOfBFloat16 && { bfloat16: of('independent dot products', gflopsOfBFloat16) }),
    bytes: of('reading 256 MiB', gbps),
  };
}

/** What stands beside a ceiling must not profit from noise. */
function higher(a, b) {
  const higherOf = (name) => (a[name].perSecond > b[name].perSecond ? a[name] : b[name]);
  return Object.fromEntries(Object.keys(a).map((name) => [name, higherOf(name)]));
}

function measurePytorch() {
  const script = fileURLToPath(new URL('cpu-peers.py', import.meta.url));
  const input = JSON.stringify({ threads, runs, shapes: squares });
  const { status, stdout } = spawnSync('python3', [script], { input, encoding: 'utf8' });
  if (status !== 0) {
    console.error('PyTorch left out: no python3 here that imports it');
    return { versions: {}, addTo() {} };
  }
  const { version, results } = JSON.parse(stdout);
  return {
    versions: { PyTorch: version },
    addTo({ shape, mask, contenders }) {
      const found = results.find(
        (entry) => labelOf(entry.shape) === labelOf(shape) && entry.causal === mask.causal,
      );
      const { peers } = found;
      const flops = flopsOf(shape, mask);
      contenders.push(...peers.map((peer) => ({ ...peer, role: 'peer', flops })));
    },
  };
}

/** A problem so small that no thread is woken. */
async function measureSmall() {
  const { seqlenQ, headDim } = tiny;
  const tensor = (heads, dim) => {
    const data = new Float32Array(seqlenQ * heads * dim).fill(0.1);
    return Tensor.from(data, { shape: [1, seqlenQ, heads, dim] });
  };
  const operands = [tensor(2, headDim), tensor(2, headDim), tensor(1, 2 * headDim)];
  const samples = [];
  for (let i = 0; i < 5000; i += 1) {
    const start = performance.now();
    const out = diffAttention(...operands, { lambda: 0.8 });
    await out.data();
    samples.push(performance.now() - start);
    out.dispose();
  }
  const warm = summarise(samples.slice(1000));
  const flops = flopsOf(tiny, kMasks.full);
  const contenders = [{ name: 'flashdiff', role: 'ours', flops, warm }];
  return { shape: tiny, mask: kMasks.full, contenders };
}

/** One outcome of the same series in every round. */
function merge(outcomes) {
  const all = outcomes.map(({ series }) => series);
  const [first] = all;
  const ceilings = {};
  for (const name of Object.keys(first.ceilings)) {
    const found = all.map((series) => series.ceilings[name]);
    found.sort((a, b) => a.perSecond - b.perSecond);
    ceilings[name] = name === 'flops' ? found.at(-1) : found[found.length >> 1];
  }
  const measurements = first.measurements.map((measurement, m) => ({
    ...measurement,
    contenders: mergeContenders(all.map((series) => series.measurements[m].contenders)),
  }));
  return { ...outcomes[0], series: { ...first, ceilings, measurements } };
}

/** Who failed in a round has failed; who is absent from one, such as a peer that could not start, too. */
function mergeContenders(rounds) {
  const names = new Set(rounds.flat().map(({ name }) => name));
  return [...names].map((name) => {
    const found = rounds.map((contenders) => contenders.find((entry) => entry.name === name));
    const present = found.filter((entry) => entry !== undefined);
    const { warm: _, ...contender } = present.find(({ failed }) => failed) ?? present[0];
    if (contender.failed) return contender;
    if (present.length < rounds.length) {
      return { ...contender, failed: `measured in ${present.length} of ${rounds.length} rounds` };
    }
    return { ...contender, warm: mergeTimes(present.map(({ warm }) => warm)) };
  });
}

function mergeTimes(times) {
  return {
    median: summarise(times.map(({ median }) => median)).median,
    min: Math.min(...times.map(({ min }) => min)),
    max: Math.max(...times.map(({ max }) => max)),
    runs: times.reduce((sum, { runs }) => sum + runs, 0),
  };
}

function print(series) {
  console.log(tableOf(series));
  const { bytes } = series.ceilings;
  const [{ shape, contenders }] = series.measurements;
  if (bytes) {
    const element = series.dtype === 'float32' ? 4 : 2;
    const size = 4 * shape.batch * shape.kvHeads * shape.seqlenK * shape.headDim * element;
    const rate = size / (contenders[0].warm.median / 1e3);
    const share = ((100 * rate) / bytes.perSecond).toFixed(0);
    console.log(`${(rate / 1e9).toFixed(1)} GB/s, ${share} % of ${bytes.perSecond / 1e9}`);
  }
  console.log();
}

// How the CPU engine uses threads: speed by their number, evenly and unevenly shaped work alike, and
// what a program's event loop feels of a long job that leaves it one core.
//
// usage: node bench/cpu-threads.mjs [--threads 1,2,4] [--rounds 5] [--json FILE]
//
// Needs a built package and a C++ compiler, which builds the ceiling: what so many threads do
// together of independent fused multiply-adds. n cores of a shared machine are rarely n times one:
// clocks fall, two of them may be one core's hardware threads, neighbours take their part. So next to
// the plain efficiency, the time on one thread over n times the time on n, stands that beside the
// ceiling: the share of it that n threads reach over the share that one reaches, each run between
// two readings of the ceiling on as many threads. Medians of the runs and of the rounds. Lateness is
// that of a 5 ms interval, and of fs.stat the time to its answer.
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { runCeilings, withCeilings } from './ceilings.mjs';
import { lateness } from './lateness.mjs';

const { values: flags } = parseArgs({
  options: {
    threads: { type: 'string' },
    rounds: { type: 'string', default: '5' },
    json: { type: 'string' },
    child: { type: 'string' },
    ceilings: { type: 'string' },
  },
});
const cores = availableParallelism();
const kRuns = 5;
const kLongJob = 2000;
const causal = { causal: true };

/** What is timed together: how many calls of which shape and options. */
const kWork = {
  full: [[1, '1x8x2048x64', {}]],
  causal: [[1, '1x8x2048x64', causal]],
  'causal, 256 keys back': [[1, '1x8x4096x64', { causal: true, window: [256, 0] }]],
  'one long head': [[1, '1x1x8192x64', {}]],
  'one long head, causal': [[1, '1x1x8192x64', causal]],
  'many short heads': [[1, '64x8x128x64', causal]],
  'one long head, causal, beside many short ones': [
    [1, '1x1x8192x64', causal],
    [16, '4x8x128x64', causal],
  ],
};

if (flags.child === 'work') await report(timeWork);
else if (flags.child === 'loop') await report(watchLoop);
else await withCeilings(main);

async function main(program) {
  const counts = flags.threads ? flags.threads.split(',').map(Number) : doublings(cores);
  const rounds = Array.from({ length: Number(flags.rounds) }, () =>
    counts.map((threads) => child('work', threads, program)),
  );
  const work = Object.keys(kWork).map((name) => ({ work: name, ...scaling(counts, rounds, name) }));
  const loop = child('loop', Math.max(1, cores - 1), program);
  console.table(work.map((row) => ({ ...row, ...rounded(row) })));
  console.table(rounded(loop));
  if (flags.json) await write(flags.json, { work, loop });
}

/** 1, 2, 4 and so on, and `most`. */
function doublings(most) {
  const counts = [];
  for (let n = 1; n < most; n *= 2) counts.push(n);
  return [...counts, most];
}

/** One piece of work on each number of threads. */
function scaling(counts, rounds, name) {
  const row = {};
  for (const [i, threads] of counts.entries()) {
    const ratio = (of) => median(rounds.map((round) => of(round[i][name], round[0][name])));
    row[`ms on ${threads}`] = ratio((on) => on.ms);
    row[`GFLOP/s on ${threads}`] = ratio((on) => on.ceiling);
    if (i === 0) continue;
    const times = threads / counts[0];
    row[`efficiency on ${threads}`] = ratio((on, one) => one.ms / on.ms / times);
    row[`beside the ceiling on ${threads}`] = ratio((on, one) => on.share / one.share);
  }
  return row;
}

async function write(file, figures) {
  const { originOf } = await import('../dist/bench/file.js');
  const origin = originOf(`node bench/cpu-threads.mjs ${process.argv.slice(2).join(' ')}`);
  writeFileSync(file, `${JSON.stringify({ ...origin, ...figures }, null, 1)}\n`);
}

function child(what, threads, program) {
  const env = { ...process.env, FLASHDIFF_NUM_THREADS: String(threads) };
  const args = [fileURLToPath(import.meta.url), '--child', what, '--ceilings', program];
  return JSON.parse(execFileSync(process.execPath, args, { env, encoding: 'utf8' }));
}

async function report(measure) {
  console.log(JSON.stringify(await measure(await import('flashdiff'))));
}

/**
 * Of each piece of work: milliseconds, the ceiling's GFLOP/s, and the share of that which the work
 * reaches, in units that cancel between numbers of threads.
 */
async function timeWork(flashdiff) {
  const { threads } = flashdiff.inspect().cpu;
  const ceiling = () => runCeilings(flags.ceilings, threads, 'multiply-adds').gflops.median;
  const times = {};
  for (const [name, calls] of Object.entries(kWork)) {
    const runs = await Promise.all(
      calls.map(async ([count, shape, options]) => ({
        count,
        call: await callOf(flashdiff, shape, options),
      })),
    );
    const all = () => {
      for (const { count, call } of runs) for (let i = 0; i < count; i += 1) call().dispose();
    };
    await flashdiff.elapsed('cpu', all);
    const samples = [];
    let before = ceiling();
    for (let i = 0; i < kRuns; i += 1) {
      const ms = await flashdiff.elapsed('cpu', all);
      const after = ceiling();
      const between = (before + after) / 2;
      samples.push({ ms, ceiling: between, share: 1 / ms / between });
      before = after;
    }
    const of = (field) => median(samples.map((sample) => sample[field]));
    times[name] = { ms: of('ms'), ceiling: of('ceiling'), share: of('share') };
  }
  return times;
}

/** A job of two seconds, and what timers and files notice of it; the same for as long without it. */
async function watchLoop(flashdiff) {
  const call = await callOf(flashdiff, '1x8x2048x64', {});
  const once = await flashdiff.elapsed('cpu', () => call().dispose());
  const idle = await lateness(new Promise((resolve) => setTimeout(resolve, kLongJob)));
  const start = performance.now();
  const outs = Array.from({ length: Math.ceil(kLongJob / once) }, call);
  const submitted = performance.now() - start;
  const busy = await lateness(outs.at(-1).data());
  return { idle, busy: { submitted, job: performance.now() - start, ...busy } };
}

async function callOf({ diffAttention, Tensor }, shape, options) {
  const { parseShape } = await import('../dist/bench/shape.js');
  const { batch, heads, seqlenQ, seqlenK, headDim } = parseShape(shape);
  const tensor = (...lengths) => {
    const data = new Float32Array(lengths.reduce((a, b) => a * b));
    return Tensor.from(data.fill(0.25), { shape: lengths, device: 'cpu' });
  };
  const q = tensor(batch, seqlenQ, 2 * heads, headDim);
  const k = tensor(batch, seqlenK, 2 * heads, headDim);
  const v = tensor(batch, seqlenK, heads, 2 * headDim);
  return () => diffAttention(q, k, v, { lambda: 0.8, ...options });
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
}

/** For tables: two digits behind the point, in nested objects too. */
function rounded(values) {
  const show = (value) =>
    typeof value === 'number'
      ? Number(value.toFixed(2))
      : Object(value) === value
        ? rounded(value)
        : value;
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, show(value)]));
}

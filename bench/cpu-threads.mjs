// How the CPU engine uses threads: speed by their number, evenly and unevenly shaped work alike, and
// what a program's event loop feels of a long job that leaves it one core.
//
// usage: node bench/cpu-threads.mjs [--threads 1,2,4] [--rounds 5] [--json FILE]
//
// Needs a built package. n cores of a shared machine are rarely n times one: clocks fall, caches and
// memory are shared, neighbours take their part. So beside one process of n threads stand n processes
// of one thread each, which do the same at the same time and wait for nobody:
//   efficiency   what n threads do in a second, over n times what one does
//   of apart     the same, over what the n processes do together
// Medians of the rounds. Lateness is that of a 5 ms interval, and of fs.stat the time to its answer.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { lateness } from './lateness.mjs';

const { values: flags } = parseArgs({
  options: {
    threads: { type: 'string' },
    rounds: { type: 'string', default: '5' },
    json: { type: 'string' },
    child: { type: 'string' },
  },
});
const cores = availableParallelism();
const kLongJob = 2000;
/** Milliseconds for which each piece of work is done again and again. */
const kSpan = 1000;
const causal = { causal: true };
/** Sequences for which all cores have 16 blocks of 256 rows each, of so many in a sequence. */
const sequences = (blocks) => Math.ceil((16 * cores) / blocks);

/** What is timed together: how many calls of which shape and options. */
const kWork = {
  full: [[1, `${sequences(64)}x8x2048x64`, {}]],
  causal: [[1, `${sequences(64)}x8x2048x64`, causal]],
  'causal, 256 keys back': [[1, `${sequences(128)}x8x4096x64`, { causal: true, window: [256, 0] }]],
  'one long head': [[1, '1x1x8192x64', {}]],
  'one long head, causal': [[1, '1x1x8192x64', causal]],
  'many short heads': [[1, '64x8x128x64', causal]],
  'one long head, causal, beside many short ones': [
    [1, '1x1x8192x64', causal],
    [16, '4x8x128x64', causal],
  ],
};

if (flags.child === 'work') await work();
else if (flags.child === 'loop') process.send(await watchLoop(await import('flashdiff')));
else await main();

async function main() {
  const counts = flags.threads ? flags.threads.split(',').map(Number) : doublings(cores);
  const rounds = [];
  for (let i = 0; i < Number(flags.rounds); i += 1) {
    const one = await perSecond(1, 1);
    const many = [];
    for (const n of counts.filter((n) => n > 1)) {
      many.push({ n, together: await perSecond(n, 1), apart: await perSecond(1, n) });
    }
    rounds.push({ one, many });
  }
  const work = Object.keys(kWork).map((name, i) => ({ work: name, ...scaling(rounds, i) }));
  const [loop] = start('loop', Math.max(1, cores - 1), 1);
  const [late] = await once(loop, 'message');
  console.table(work.map((row) => ({ ...row, ...rounded(row) })));
  console.table(rounded(late));
  if (flags.json) await write(flags.json, { work, loop: late });
}

/** 1, 2, 4 and so on, and `most`. */
function doublings(most) {
  const counts = [];
  for (let n = 1; n < most; n *= 2) counts.push(n);
  return [...counts, most];
}

/** The i-th piece of work on each number of threads. */
function scaling(rounds, i) {
  const row = { 'ms on 1': median(rounds.map(({ one }) => 1000 / one[i])) };
  for (const [k, { n }] of rounds[0].many.entries()) {
    const of = (figure) => median(rounds.map(({ one, many }) => figure(one[i], many[k])));
    row[`ms on ${n}`] = of((_, { together }) => 1000 / together[i]);
    row[`efficiency on ${n}`] = of((one, { together }) => together[i] / one / n);
    row[`of apart on ${n}`] = of((_, { together, apart }) => together[i] / apart[i]);
  }
  return row;
}

async function write(file, figures) {
  const { originOf } = await import('../dist/bench/file.js');
  const origin = originOf(`node bench/cpu-threads.mjs ${process.argv.slice(2).join(' ')}`);
  writeFileSync(file, `${JSON.stringify({ ...origin, ...figures }, null, 1)}\n`);
}

function start(what, threads, copies) {
  const env = { ...process.env, FLASHDIFF_NUM_THREADS: String(threads) };
  const file = fileURLToPath(import.meta.url);
  return Array.from({ length: copies }, () => fork(file, ['--child', what], { env }));
}

/** How often a second each piece of work is done by so many processes of so many threads. */
async function perSecond(threads, copies) {
  const children = start('work', threads, copies);
  const all = () => Promise.all(children.map(async (child) => (await once(child, 'message'))[0]));
  const rates = [];
  for (const _ of Object.keys(kWork)) {
    await all(); // are ready
    const done = all();
    for (const child of children) child.send('go');
    rates.push((await done).reduce((sum, rate) => sum + rate));
  }
  return rates;
}

/** In a process of its own: each piece of work when told so, and how often a second. */
async function work() {
  const flashdiff = await import('flashdiff');
  for (const calls of Object.values(kWork)) {
    const runs = await Promise.all(
      calls.map(async ([count, shape, options]) => ({
        count,
        call: await callOf(flashdiff, shape, options),
      })),
    );
    const doAll = () => {
      for (const { count, call } of runs) for (let i = 0; i < count; i += 1) call().dispose();
    };
    await flashdiff.elapsed('cpu', doAll);
    process.send('ready');
    await new Promise((resolve) => process.once('message', resolve));
    let milliseconds = 0;
    let times = 0;
    for (; milliseconds < kSpan; times += 1) milliseconds += await flashdiff.elapsed('cpu', doAll);
    process.send((1000 * times) / milliseconds);
  }
  process.disconnect();
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

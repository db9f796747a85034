// How the CPU engine's speed grows with its threads, for work that can be shared out evenly and for
// work that cannot.
//
// usage: node bench/cpu-threads.mjs [--threads 2,4,8] [--rounds 5] [--json FILE]
//
// Needs a built package and a C++ compiler. Work grows with the threads: 16 blocks of rows for each.
// n cores of a shared machine are rarely n times one: two may be threads of one core, clocks fall,
// caches and memory are shared, neighbours take their part. So each figure of n threads stands
// between two that were measured right before and after it:
//   efficiency     what n threads do, over n times what one thread does while the others idle
//   of apart       the same, over what n processes of one thread do, which wait for nobody
// The first row is fused multiply-adds in registers: the efficiency of the machine itself. Medians of the
// rounds; the file has the least and the greatest too.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { originOf } from '../dist/bench/file.js';
import { withCeilings } from './ceilings.mjs';
import { kinds } from './thread-work.mjs';

const { values: flags } = parseArgs({
  options: {
    threads: { type: 'string' },
    rounds: { type: 'string', default: '5' },
    json: { type: 'string' },
  },
});
const counts = flags.threads?.split(',').map(Number) ?? doublings(availableParallelism());

await withCeilings(async (ceilings) => {
  const results = [];
  for (const threads of counts) results.push(...(await measure(threads, ceilings)));
  console.table(results.map(rowOf));
  if (!flags.json) return;
  const origin = originOf(`node bench/cpu-threads.mjs ${process.argv.slice(2).join(' ')}`);
  writeFileSync(flags.json, `${JSON.stringify({ ...origin, results }, null, 1)}\n`);
});

/** 2, 4 and so on, and `most`. */
function doublings(most) {
  const counts = [];
  for (let n = 2; n < most; n *= 2) counts.push(n);
  return most > 1 ? [...counts, most] : [];
}

/** Each kind of work on so many threads, beside one thread and as many processes of one. */
async function measure(threads, ceilings) {
  const teams = [start(1, 1), start(threads, 1), start(1, threads)];
  const samples = new Map(['multiply-adds', ...kinds].map((work) => [work, []]));
  for (let round = 0; round < Number(flags.rounds); round += 1) {
    const [one, all] = [1, threads].map((n) => 1e9 * ceilings(n).gflops.median);
    samples.get('multiply-adds').push([one, all]);
    for (const work of kinds) {
      const rates = [];
      for (const team of teams) rates.push(await rateOf(team, work));
      samples.get(work).push(rates);
    }
    console.error(`${threads} threads: round ${round + 1} of ${flags.rounds}`);
  }
  for (const child of teams.flat()) child.send('end');
  return [...samples].map(([work, rates]) => ({ work, threads, ...summaryOf(rates, threads) }));
}

/** So many processes of so many threads. */
function start(threads, copies) {
  const env = { ...process.env, FLASHDIFF_NUM_THREADS: String(threads) };
  const file = fileURLToPath(new URL('thread-work.mjs', import.meta.url));
  const team = Array.from({ length: copies }, () => fork(file, { env }));
  for (const child of team) child.share = threads;
  return team;
}

/** FLOP a second that a team does together. */
async function rateOf(team, work) {
  const answers = () => Promise.all(team.map(async (child) => (await once(child, 'message'))[0]));
  const ask = async (order) => {
    const answered = answers();
    for (const child of team) child.send(order(child));
    return answered;
  };
  await ask(({ share }) => ({ work, share }));
  const rates = await ask(() => 'go');
  await ask(() => 'stop');
  return rates.reduce((sum, rate) => sum + rate);
}

function summaryOf(samples, threads) {
  const of = (figure) => {
    const sorted = samples.map(figure).sort((a, b) => a - b);
    const median = (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
    return { median, min: sorted[0], max: sorted.at(-1) };
  };
  return {
    gflopsOfOne: of(([one]) => one / 1e9),
    gflops: of(([, all]) => all / 1e9),
    efficiency: of(([one, all]) => all / one / threads),
    ...(samples[0].length > 2 && { ofApart: of(([, all, apart]) => all / apart) }),
  };
}

function rowOf({ work, threads, gflopsOfOne, gflops, efficiency, ofApart }) {
  const short = ({ median } = {}) => median && Number(median.toPrecision(3));
  return {
    work,
    threads,
    'GFLOP/s of 1': short(gflopsOfOne),
    'GFLOP/s': short(gflops),
    efficiency: short(efficiency),
    'of apart': short(ofApart),
  };
}

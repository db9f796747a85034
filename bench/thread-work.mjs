// One of the processes of cpu-threads.mjs: does a kind of work again and again for as long as it is
// told to, and tells how fast.
//
// It gets { work, share } and says 'ready'; gets 'go' and says, when a span is over, FLOP a second;
// goes on, so that nobody else measures a machine that is half idle, gets 'stop' and says 'stopped'.
import { diffAttention, elapsed } from 'flashdiff';
import { normalTable } from '../dist/bench/data.js';
import { operandsOf, optionsOf } from '../dist/bench/ours.js';
import { flopsOf, parseShape } from '../dist/bench/shape.js';

const kSpan = 500; // milliseconds
const causal = { causal: true };

/**
 * Calls that are timed together, by shape and mask: work for `share` threads, which is 16 blocks of
 * 256 rows for each of them, or 32 of 128.
 */
const kWork = {
  full: (share) => [[`${share}x2x2048x64`, {}]],
  causal: (share) => [[`${share}x2x2048x64`, causal]],
  'causal, 256 keys back': (share) => [[`${share}x1x4096x64`, { ...causal, left: 256 }]],
  'one long head': (share) => [[`1x1x${4096 * share}x64`, {}]],
  'one long head, causal': (share) => [[`1x1x${4096 * share}x64`, causal]],
  'short heads, causal': (share) => [[`${4 * share}x8x128x64`, causal]],
  'one long head among short ones, causal': (share) => [
    ...Array(4).fill([`${4 * share}x8x128x64`, causal]),
    [`1x1x${4096 * share}x64`, causal],
    ...Array(4).fill([`${4 * share}x8x128x64`, causal]),
  ],
};
export const kinds = Object.keys(kWork);

if (process.send) process.on('message', obedient());

function obedient() {
  const setting = { device: 'cpu', dtype: 'float32', table: normalTable() };
  const jobs = new Map();
  let job;
  let going = false;
  const run = async () => {
    let milliseconds = 0;
    let flops = 0;
    for (let told = false; going; ) {
      milliseconds += await elapsed('cpu', job.run);
      flops += job.flops;
      if (told || milliseconds < kSpan) continue;
      told = process.send((1e3 * flops) / milliseconds);
    }
    process.send('stopped');
  };
  return async (order) => {
    if (order === 'end') return process.disconnect();
    if (order === 'stop') {
      going = false;
    } else if (order === 'go') {
      going = true;
      await run();
    } else {
      const { work, share } = order;
      if (!jobs.has(work)) jobs.set(work, await prepare(kWork[work](share), setting));
      job = jobs.get(work);
      process.send('ready');
    }
  };
}

async function prepare(calls, setting) {
  const operands = new Map();
  const prepared = calls.map(([text, mask]) => {
    const shape = parseShape(text);
    if (!operands.has(text)) operands.set(text, operandsOf(shape, setting));
    return { shape, mask, operands: operands.get(text), options: optionsOf(mask) };
  });
  const run = () => {
    for (const { operands, options } of prepared) diffAttention(...operands, options).dispose();
  };
  await elapsed('cpu', run);
  return { run, flops: prepared.reduce((sum, call) => sum + flopsOf(call.shape, call.mask), 0) };
}

// What a program's event loop feels of a long job on the CPU engine that leaves it one core: how late
// a 5 ms interval is, and how long fs.stat takes to answer, in milliseconds, idle and busy.
//
// usage: node bench/event-loop.mjs [--json FILE]
//
// Needs a built package.
import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { lateness } from './lateness.mjs';

const { values: flags } = parseArgs({ options: { json: { type: 'string' } } });
process.env.FLASHDIFF_NUM_THREADS ??= String(Math.max(1, availableParallelism() - 1));
const { diffAttention, elapsed } = await import('flashdiff'); // reads the variable when first called
const { normalTable } = await import('../dist/bench/data.js');
const { operandsOf } = await import('../dist/bench/ours.js');
const { parseShape } = await import('../dist/bench/shape.js');
const { originOf } = await import('../dist/bench/file.js');

const kLongJob = 2000;
const setting = { device: 'cpu', dtype: 'float32', table: normalTable() };
const operands = operandsOf(parseShape('1x8x2048x64'), setting);
const call = () => diffAttention(...operands, { lambda: 0.8 });
const once = await elapsed('cpu', () => call().dispose());

const idle = await lateness(new Promise((resolve) => setTimeout(resolve, kLongJob)));
const start = performance.now();
const outs = Array.from({ length: Math.ceil(kLongJob / once) }, call);
const submitted = performance.now() - start;
const late = await lateness(outs.at(-1).data());
const busy = { ...late, submitted, job: performance.now() - start };

const rounded = (figures) =>
  Object.fromEntries(Object.entries(figures).map(([name, x]) => [name, Number(x.toFixed(2))]));
console.table({ idle: rounded(idle), busy: rounded(busy) });
if (flags.json) {
  const figures = { ...originOf('node bench/event-loop.mjs'), idle, busy };
  writeFileSync(flags.json, `${JSON.stringify(figures, null, 1)}\n`);
}

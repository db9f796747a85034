// What the half precisions cost on the CPU: the time of each dtype on each instruction set, forced one
// after the other, and its share of the time in float32.
//
// usage: node bench/cpu-isas.mjs [--rounds 7] [--shape 1x8x1024x64] [--json FILE]
//
// Needs a built package. The dtypes take turns, a call a round; figures are medians of the rounds,
// by the engine's clock, and each result is checked before it is timed.
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { diffAttention, elapsed, inspect } from 'flashdiff';
import { normalTable } from '../dist/bench/data.js';
import { originOf } from '../dist/bench/file.js';
import { kLambda, measureOurs, operandsOf } from '../dist/bench/ours.js';
import { summarise } from '../dist/bench/result.js';
import { kMasks, parseShape } from '../dist/bench/shape.js';

const { values: flags } = parseArgs({
  options: {
    rounds: { type: 'string', default: '7' },
    shape: { type: 'string', default: '1x8x1024x64' },
    json: { type: 'string' },
    child: { type: 'boolean', default: false },
  },
});
const dtypes = ['float32', 'float16', 'bfloat16'];

if (flags.child) console.log(JSON.stringify(await measure(parseShape(flags.shape))));
else main();

function main() {
  const origin = originOf(`node bench/cpu-isas.mjs ${process.argv.slice(2).join(' ')}`);
  const results = inspect().cpu.isas.flatMap((isa) => {
    const env = { ...process.env, FLASHDIFF_CPU_ISA: isa };
    const args = ['--child', '--rounds', flags.rounds, '--shape', flags.shape];
    const own = fileURLToPath(import.meta.url);
    const output = execFileSync(process.execPath, [own, ...args], { env, encoding: 'utf8' });
    return JSON.parse(output).map(({ mask, times }) => ({ isa, mask, times }));
  });
  console.table(results.map(rowOf));
  if (flags.json) {
    const file = { ...origin, shape: flags.shape, results };
    writeFileSync(flags.json, `${JSON.stringify(file, null, 1)}\n`);
  }
}

/** Milliseconds, and how many times as long as float32. */
function rowOf({ isa, mask, times }) {
  const row = { isa, mask };
  for (const dtype of dtypes) row[dtype] = Number(times[dtype].median.toFixed(1));
  for (const dtype of dtypes.slice(1)) {
    row[`${dtype} / float32`] = Number((times[dtype].median / times.float32.median).toFixed(3));
  }
  return row;
}

async function measure(shape) {
  const table = normalTable();
  const contestants = dtypes.map((dtype) => {
    const setting = { device: 'cpu', dtype, runs: 1, table };
    return { dtype, setting, operands: operandsOf(shape, setting) };
  });
  const rows = [];
  for (const [mask, options] of Object.entries(kMasks)) {
    for (const { dtype, setting, operands } of contestants) {
      const [{ failed }] = await measureOurs(shape, options, operands, setting);
      if (failed) throw new Error(`${dtype}: ${failed}`);
    }
    const samples = Object.fromEntries(dtypes.map((dtype) => [dtype, []]));
    for (let i = 0; i < Number(flags.rounds); i += 1) {
      for (const { dtype, operands } of contestants) {
        const call = () => diffAttention(...operands, { lambda: kLambda, ...options }).dispose();
        samples[dtype].push(await elapsed('cpu', call));
      }
    }
    const times = dtypes.map((dtype) => [dtype, summarise(samples[dtype])]);
    rows.push({ mask, times: Object.fromEntries(times) });
  }
  return rows;
}

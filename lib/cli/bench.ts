/** `flashdiff bench` */

import { writeFileSync } from 'node:fs';
import { benchFile } from '../bench/file.js';
import { type BenchFile, readBenchFile } from '../bench/result.js';
import { type Plan, runBench } from '../bench/run.js';
import { kDTypes } from '../dtype.js';
import { inspect } from '../index.js';
import { drawReport } from '../report/report.js';
import { tableOf } from './bench_table.js';
import { command, UsageError } from './command.js';
import { readPlans } from './plan.js';
import { expectWritable, readList } from './read.js';
import { progressBar } from './terminal.js';

export const benchCommand = command({
  summary:
    'Measures the forward pass: device time a call, medians, each result checked before it is\n' +
    'timed. Rates count the algorithm, 12 D FLOP a visible pair and head.',
  details: `shapes: batch x heads[/kv heads] x sequence[:keys] x head dim, such as
  1x8x2048x64, 2x20/10x8192x64, 1x8x1:8192x128; differential heads, layout v1
peers: on CUDA python3 with PyTorch (FlashAttention-2, cuDNN, FlexAttention, naive);
  on the CPU onnxruntime-node, found from this folder

examples:
  flashdiff bench --device cpu --shape 1x8x2048x64 --mask causal
  flashdiff bench --peers --json h200.json --report h200.html
  flashdiff bench --from h200.json,cpu.json --report both.html
`,
  flags: {
    device: { value: 'LIST', help: 'cpu, cuda or both (default: all that this machine has)' },
    shape: { value: 'LIST', help: 'see below (default: sequences up to 16384, D = 64, 96, 128)' },
    mask: { value: 'LIST', help: 'full, causal, window:N, causal with N keys left (full,causal)' },
    dtype: { value: 'NAME', help: `${kDTypes.join(', ')} (bfloat16 on CUDA, float32 on the CPU)` },
    runs: { value: 'N', help: 'measured calls (20)' },
    peers: { help: 'measure the alternatives too, those that are installed' },
    quick: { help: 'two small shapes, three calls: to see that it works' },
    json: { value: 'FILE', help: 'write the figures' },
    report: { value: 'FILE', help: 'write an HTML page with plots and tables' },
    from: { value: 'FILES', help: 'measure nothing: take the figures from files of --json' },
  },
  async run(flags) {
    if (flags.from && flags.json) throw new UsageError('expected --from or --json, got both');
    if (flags.from && !flags.report) throw new UsageError('expected --report with --from');
    for (const file of [flags.json, flags.report]) if (file) expectWritable(file);

    const files = flags.from
      ? readList(flags.from).map(readBenchFile)
      : [await measure(readPlans(flags, inspect()))];
    for (const series of files.flatMap((file) => file.series)) console.log(`${tableOf(series)}\n`);
    if (flags.json) writeFileSync(flags.json, `${JSON.stringify(files[0], null, 1)}\n`);
    if (flags.report) writeFileSync(flags.report, await drawReport(files));
    for (const file of [flags.json, flags.report]) if (file) console.log(`written: ${file}`);
    return files.some(hasFailure) ? 1 : 0;
  },
});

async function measure(plans: readonly Plan[]): Promise<BenchFile> {
  const progress = progressBar();
  const outcomes = [];
  try {
    for (const plan of plans) {
      outcomes.push(
        await runBench(plan, {
          step: (done, total, what) => progress.show(done, total, what),
          note(sentence) {
            progress.clear();
            console.error(sentence);
          },
        }),
      );
    }
  } finally {
    progress.clear();
  }
  return benchFile(`flashdiff ${process.argv.slice(2).join(' ')}`, outcomes);
}

function hasFailure({ series }: BenchFile): boolean {
  const ours = series.flatMap(({ measurements }) => measurements.flatMap((m) => m.contenders));
  return ours.some(({ role, failed }) => role === 'ours' && failed !== undefined);
}

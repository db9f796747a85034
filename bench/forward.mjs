// The tables of the READMEs: forward on the GPU of this machine, beside what a PyTorch user has, in
// one run. `flashdiff bench` does the measuring; here are the shapes.
//
// usage: node bench/forward.mjs [--out DIR] [--runs 20] [--no-peers]
//
// Writes forward.json, forward.html and window.json. Needs a built package and a CUDA device; the
// peers need python3 with PyTorch.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

/** batch x differential heads x sequence x head dim: the shapes of the papers. */
const kShapes = [
  '1x8x16384x128',
  '4x12x4096x128',
  '8x8x2048x128',
  '2x11x8192x96',
  '1x16x16384x64',
  '8x16x2048x64',
];
/** Phi-4-mini-flash's layer: grouped heads, causal, with and without its window. */
const kWindowed = '2x20/10x8192x64';

const { values: flags } = parseArgs({
  options: {
    out: { type: 'string', default: 'bench/results' },
    runs: { type: 'string', default: '20' },
    'no-peers': { type: 'boolean', default: false },
  },
});
mkdirSync(flags.out, { recursive: true });
const peers = flags['no-peers'] ? [] : ['--peers'];
const html = join(flags.out, 'forward.html');
bench('forward.json', ['--shape', kShapes.join(','), ...peers, '--report', html]);
bench('window.json', ['--shape', kWindowed, '--mask', 'causal,window:512']);

const [series] = JSON.parse(readFileSync(join(flags.out, 'window.json'), 'utf8')).series;
const [causal, window] = series.measurements.map(({ contenders }) => contenders[0].warm.median);
console.log(`${kWindowed}, window 512: ${(window / causal).toFixed(3)} of the time without`);

function bench(json, args) {
  const cli = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));
  const file = join(flags.out, json);
  const all = [cli, 'bench', '--device', 'cuda', '--runs', flags.runs, '--json', file, ...args];
  const { status } = spawnSync(process.execPath, all, { stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}

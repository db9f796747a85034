/** What a PyTorch user has, measured by bench/peers.py in a process of its own. */

import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Peers } from './peers.js';
import type { Contender, Times } from './result.js';
import { flopsOf, isPlain, type Mask, type Shape } from './shape.js';

interface Timed {
  name: string;
  error?: number;
  failed?: string;
  warm?: Times;
  cold?: Times;
}

interface Answer {
  torch: string;
  cuda: string;
  cudnn: number;
  matmul_tflops: number;
  copy_gbps: number;
  results: { index: number; causal: boolean; peers: Timed[]; standard: Timed }[];
}

const kScript = join(__dirname, '../../bench/peers.py');
/** FlexAttention compiles a minute a shape: only where it may win. */
const kFlexFrom = 16384;
const kRows = [0, 1, 127, 128, 777, 1500];

export async function measurePytorch(
  shapes: readonly Shape[],
  masks: readonly Mask[],
  { dtype, runs, table }: { dtype: string; runs: number; table: Uint16Array },
): Promise<Peers> {
  const folder = mkdtempSync(join(tmpdir(), 'flashdiff-bench-'));
  const request = join(folder, 'request.json');
  const answerFile = join(folder, 'answer.json');
  const plain = shapes.filter(isPlain);
  const causal = masks.filter(({ left }) => left === undefined).map((mask) => mask.causal);
  const sizes = plain.map(({ seqlenQ: sequence, ...rest }) => ({ ...rest, sequence }));
  const rest = { runs, rows: kRows, table: Array.from(table), flexFrom: kFlexFrom };
  writeFileSync(request, JSON.stringify({ shapes: sizes, causal, dtype, ...rest }));
  try {
    await python([kScript, request, answerFile]);
    return peersOf(JSON.parse(readFileSync(answerFile, 'utf8')), plain);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function python(args: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const { env } = process;
    const child = spawn('python3', args, { env, stdio: ['ignore', 'ignore', 'inherit'] });
    child.on('error', (cause) => reject(new Error(`python3: ${cause.message}`, { cause })));
    child.on('close', (code, signal) => {
      if (code === 0) resolve();
      else reject(new Error(`python3 with PyTorch ended with ${signal ?? `exit code ${code}`}`));
    });
  });
}

function peersOf(answer: Answer, shapes: readonly Shape[]): Peers {
  const entry = (shape: Shape, { causal, left }: Mask) =>
    answer.results.find(
      ({ index, causal: masked }) =>
        left === undefined && masked === causal && shapes[index] === shape,
    );
  return {
    versions: { PyTorch: answer.torch, CUDA: answer.cuda, cuDNN: String(answer.cudnn) },
    ceilings: {
      flops: { perSecond: answer.matmul_tflops * 1e12, of: 'matmul 8192³' },
      bytes: { perSecond: answer.copy_gbps * 1e9, of: 'device copy' },
    },
    contenders(shape, mask): Contender[] {
      const found = entry(shape, mask);
      if (!found) return [];
      const flops = flopsOf(shape, mask);
      return [
        ...found.peers.map((peer): Contender => ({ ...peer, role: 'peer', flops })),
        // Two maps of D with values of D: 8 D a pair and head.
        { ...found.standard, role: 'standard', flops: (flops * 8) / 12 },
      ];
    },
  };
}

/** PyTorch's side of a benchmark, with a python3 that plays it. */

import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { normalTable } from '../dist/bench/data.js';
import { measurePytorch } from '../dist/bench/pytorch.js';
import { flopsOf, kMasks, parseShape, type Shape } from '../dist/bench/shape.js';

const shape = (text: string) => parseShape(text) as Shape;
const windowed = { causal: true, left: 8 };
const setting = { dtype: 'bfloat16', runs: 3, table: normalTable() };

let folder = '';
const { PATH } = process.env;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'flashdiff-peers-'));
  process.env.PATH = `${folder}${delimiter}${PATH}`;
});
afterAll(() => {
  process.env.PATH = PATH;
  rmSync(folder, { recursive: true });
});

/** `body` sees `request` and gives the answer. */
function play(body: string): void {
  const file = join(folder, 'python3');
  const source = `#!${process.execPath}
const { readFileSync, writeFileSync } = require('node:fs');
const [script, requestFile, answerFile] = process.argv.slice(2);
const request = JSON.parse(readFileSync(requestFile));
writeFileSync(${JSON.stringify(join(folder, 'seen.json'))}, JSON.stringify({ script, request }));
${body}`;
  writeFileSync(file, source);
  chmodSync(file, 0o755);
}

const times = '{ median: 2, min: 1, max: 3, runs: request.runs }';

test('is asked for what it can do, and its answer is put in our words', async () => {
  play(`
    const results = request.shapes.flatMap((shape, index) =>
      request.causal.map((causal) => ({
        index,
        causal,
        peers: [
          { name: 'cuDNN x2', error: 1e-3, warm: ${times}, cold: ${times} },
          { name: 'FA2 x4', failed: 'no kernel' },
        ],
        standard: { name: 'standard cuDNN', warm: ${times} },
      })));
    const versions = { torch: '2.11', cuda: '13.0', cudnn: 91900 };
    const ceilings = { matmul_tflops: 781, copy_gbps: 4228 };
    writeFileSync(answerFile, JSON.stringify({ ...versions, ...ceilings, results }));`);
  const shapes = [shape('1x4/2x64x64'), shape('1x2x64x64'), shape('1x2x1:64x64')];
  const masks = [kMasks.full, kMasks.causal, windowed];
  const peers = await measurePytorch(shapes, masks, setting);

  const { script, request } = JSON.parse(readFileSync(join(folder, 'seen.json'), 'utf8'));
  expect(readFileSync(script, 'utf8')).toContain('import torch');
  expect(request).toMatchObject({ runs: 3, dtype: 'bfloat16', causal: [false, true] });
  expect(request.shapes).toMatchObject([{ batch: 1, heads: 2, sequence: 64, headDim: 64 }]);
  expect(request.table).toHaveLength(4096);

  expect(peers.versions).toEqual({ PyTorch: '2.11', CUDA: '13.0', cuDNN: '91900' });
  expect(peers.ceilings.flops?.perSecond).toBe(781e12);
  const plain = shape('1x2x64x64');
  const flops = flopsOf(plain, kMasks.causal);
  expect(peers.contenders(shapes[1] as Shape, kMasks.causal)).toMatchObject([
    { name: 'cuDNN x2', role: 'peer', flops, warm: { median: 2 }, error: 1e-3 },
    { name: 'FA2 x4', role: 'peer', failed: 'no kernel' },
    { name: 'standard cuDNN', role: 'standard', flops: (flops * 8) / 12 },
  ]);
  expect(peers.contenders(shapes[0] as Shape, kMasks.full)).toEqual([]);
  expect(peers.contenders(shapes[1] as Shape, windowed)).toEqual([]);
});

test('its failure is a sentence', async () => {
  play('process.exit(3);');
  const failing = measurePytorch([shape('1x2x64x64')], [kMasks.full], setting);
  await expect(failing).rejects.toThrow('python3 with PyTorch ended with exit code 3');
});

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const root = dirname(require.resolve('flashdiff/package.json'));

function run(name: string, ...args: string[]): string {
  const file = join(root, 'examples', name);
  return execFileSync(process.execPath, [file, ...args], { encoding: 'utf8' });
}

test('tensors of onnxruntime go in and come out', () => {
  const output = run('onnxruntime.mjs');
  expect(output).toContain('float32, dims [1,6,2,16], 192 values');
});

test('an attention map: the difference holds more of the needle than map 1', () => {
  const folder = mkdtempSync(join(tmpdir(), 'flashdiff-example-'));
  const file = join(folder, 'map.svg');
  const output = run('attention-map.mjs', file);
  const shares = [...output.matchAll(/ ([\d.]+) % on the needle/g)].map(([, share]) =>
    Number(share),
  );
  expect(shares).toHaveLength(3);
  const [first = 0, , difference = 0] = shares;
  expect(difference).toBeGreaterThan(2 * first);
  expect(readFileSync(file, 'utf8').match(/<g transform/g)).toHaveLength(3);
  rmSync(folder, { recursive: true });
});

test('λ swept: some λ shows the needle best, and 0 does not', () => {
  const rows = run('lambda-sweep.mjs').trim().split('\n').slice(1);
  const ratios = rows.map((row) => Number(row.trim().split(/\s+/)[3]));
  expect(ratios).toHaveLength(16);
  expect(Math.max(...ratios)).toBeGreaterThan(5 * (ratios[0] ?? 0));
});

test('a loop on the device leaves nothing behind', () => {
  const output = run('resident-loop.mjs', '3');
  expect(output).toMatch(/left +0 bytes/);
  expect(output).toMatch(/device +[\d.]+ ms a layer/);
});

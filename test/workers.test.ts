/** The addon in worker threads, which may end at any moment. */

import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { devices } from './support/devices.js';
import { report } from './support/programs.js';

jest.setTimeout(120_000);

const file = join(__dirname, 'fixtures', 'busy-worker.mjs');

describe.each(devices())('on %s', (device) => {
  test('four workers at once get the same results as one', async () => {
    const compute = () =>
      new Promise<number[]>((resolve, reject) => {
        const workerData = { device, seqlen: 257, how: 'compute' };
        new Worker(file, { workerData }).on('message', resolve).on('error', reject);
      });
    const alone = await compute();
    const together = await Promise.all([compute(), compute(), compute(), compute()]);
    expect(alone.every(Number.isFinite)).toBe(true);
    for (const sums of together) expect(sums).toEqual(alone);
  });

  test('terminate() with work queued and results being written', async () => {
    const { errors, works, slowest } = await report('terminated', device);
    expect(errors).toEqual([]);
    expect(works).toBe(true);
    expect(slowest).toBeLessThan(5000);
  });

  test('loaded by workers alone, which end while their work is queued', async () => {
    const { codes } = await report('only-in-worker', device);
    expect(codes).toEqual([3, 1, 3]); // Node's code for a terminated worker is 1
  });
});

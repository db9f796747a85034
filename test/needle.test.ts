import { join } from 'node:path';
import { diffAttention as reference } from 'flashdiff/reference';
import type { Problem, Values } from '../dist/verify/problem.js';
import { rowsAcross } from '../dist/verify/rows.js';
import { readSafetensors } from '../examples/needle/safetensors.cjs';
import { devices } from './support/devices.js';
import { expectWithinRule } from './support/expect.js';
import { largest, largestDifference } from './support/numbers.js';

const record = readSafetensors(join(__dirname, '../examples/needle/record.safetensors'));
const tensor = (name: string) => record.tensors[name] as Values;
const field = (name: string) => Number(record.metadata[name]);
const attention: Problem = {
  name: 'needle',
  q: tensor('q'),
  k: tensor('k'),
  v: tensor('v'),
  options: {
    layout: 'diffllama',
    lambda: field('lambda_full'),
    causal: true,
    softmaxScale: field('softmax_scale'),
    returnLse: true,
  },
};
const normed: Problem = {
  ...attention,
  options: {
    ...attention.options,
    subln: { eps: field('rms_norm_eps') },
    outputScale: 1 - field('lambda_init'),
  },
};
const seqlen = attention.q.shape[1] as number;
const rows = rowsAcross(seqlen, 48, 1);

/** The rows of a record [1, N, ...] that were computed. */
function pick({ data, shape }: Values, chosen: readonly number[]): number[] {
  const width = data.length / (shape[1] as number);
  return chosen.flatMap((row) => Array.from(data.subarray(row * width, (row + 1) * width)));
}

// A record in float32: half a unit in the last place of its largest element.
const roundoff = ({ data }: Values) => 2 ** -24 * largest(data);

describe('the reference', () => {
  test('attention and lse are the record', () => {
    const { q, k, v, options } = attention;
    const { out, lse } = reference(q, k, v, { ...options, rows, returnLse: true });
    expect(largestDifference(out.data, pick(tensor('out'), rows))).toBeLessThanOrEqual(
      roundoff(tensor('out')),
    );
    const heads = Array.from({ length: 8 }, (_, mapHead) => mapHead);
    const recorded = heads.flatMap((head) =>
      rows.map((row) => tensor('lse').data[head * seqlen + row] as number),
    );
    expect(largestDifference(lse.data, recorded)).toBeLessThanOrEqual(roundoff(tensor('lse')));
  });

  test('the normed last row is the record', () => {
    const { q, k, v, options } = normed;
    const { out } = reference(q, k, v, { ...options, rows: [seqlen - 1], returnLse: true });
    const recorded = tensor('out_normed_last');
    expect(largestDifference(out.data, recorded.data)).toBeLessThanOrEqual(roundoff(recorded));
  });
});

describe.each(devices())('%s', (device) => {
  test('attention and lse keep to the rule', async () => {
    await expectWithinRule(attention, { device, rows });
  });

  test('the normed attention keeps to the rule', async () => {
    await expectWithinRule(normed, { device, rows });
  });
});

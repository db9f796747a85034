import { diffAttention } from 'flashdiff';
import { groups, nameOf } from '../dist/verify/cases.js';
import { problemOf } from '../dist/verify/problem.js';
import { rowsOf } from '../dist/verify/rows.js';
import { isCovered, onDevice } from '../dist/verify/table.js';
import { withTensors } from '../dist/verify/tensors.js';
import { devices } from './support/devices.js';
import { expectWithinRule } from './support/expect.js';

jest.setTimeout(60_000);

describe.each(devices())('%s', (device) => {
  describe.each(groups)('$name', ({ cases }) => {
    const here = cases.map((c) => onDevice(c, device));
    test.each(here.map((c) => [nameOf(c), c] as const))('%s', async (name, c) => {
      const problem = problemOf(c, name);
      if (!isCovered(c, device)) {
        await withTensors(problem, { device, view: c.view }, ({ q, k, v, options }) => {
          const message =
            'expected a head dimension on CUDA that is a multiple of 8 up to 128, ' +
            `got ${c.headDim}`;
          expect(() => diffAttention(q, k, v, options)).toThrow(
            expect.objectContaining({ name: 'FlashDiffError', code: 'ERR_UNSUPPORTED', message }),
          );
        });
        return;
      }
      await expectWithinRule(problem, { device, view: c.view, rows: rowsOf(c) });
    });
  });
});

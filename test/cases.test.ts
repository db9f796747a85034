import { diffAttention } from 'flashdiff';
import { type Case, groups, nameOf } from '../dist/verify/cases.js';
import { problemOf, rowsOf } from '../dist/verify/problem.js';
import { withTensors } from '../dist/verify/tensors.js';
import { devices } from './support/devices.js';
import { expectWithinRule } from './support/expect.js';

const cudaTakes = ({ headDim }: Case) => headDim % 8 === 0 && headDim <= 128;

jest.setTimeout(60_000);

describe.each(devices())('%s', (device) => {
  const onCuda = device !== 'cpu';
  const here = (c: Case): Case =>
    onCuda && c.dtype === 'float32' ? { ...c, dtype: 'bfloat16' } : c;

  describe.each(groups)('$name', ({ cases }) => {
    test.each(cases.map(here).map((c) => [nameOf(c), c] as const))('%s', async (name, c) => {
      const problem = problemOf(c, name);
      if (onCuda && !cudaTakes(c)) {
        await withTensors(problem, { device, view: c.view }, ({ q, k, v, options }) => {
          expect(() => diffAttention(q, k, v, options)).toThrow(
            expect.objectContaining({ name: 'FlashDiffError', code: 'ERR_UNSUPPORTED' }),
          );
        });
        return;
      }
      await expectWithinRule(problem, { device, view: c.view, rows: rowsOf(c) });
    });
  });
});

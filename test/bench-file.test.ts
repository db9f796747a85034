/** What stands in a file of figures beside the figures. */

import { benchFile, originOf } from '../dist/bench/file.js';
import { benchFile as example } from './support/bench.js';

describe('variables of the environment that force something', () => {
  const before = { ...process.env };
  beforeAll(() => {
    process.env.FLASHDIFF_NUM_THREADS = '1';
    process.env.FLASHDIFF_CPU_ISA = 'avx2';
  });
  afterAll(() => {
    process.env = before;
  });

  test('stand before the command, as a shell takes them', () => {
    const { command } = originOf('flashdiff bench ');
    expect(command).toMatch(
      /^(FLASHDIFF_\w+=\S* )*FLASHDIFF_CPU_ISA=avx2 FLASHDIFF_NUM_THREADS=1 (FLASHDIFF_\w+=\S* )*flashdiff bench$/,
    );
  });
});

test('a file holds its origin, the versions of the peers too, and the series', () => {
  const { series } = example('cpu');
  const outcomes = series.map((entry) => ({ series: entry, versions: { PyTorch: '2.11' } }));
  const file = benchFile('flashdiff bench', outcomes);
  expect(file.series).toEqual(series);
  expect(file.versions).toMatchObject({ PyTorch: '2.11', 'Node.js': process.versions.node });
  expect(Object.keys(file.machine)).toEqual(
    expect.arrayContaining(['Processor', 'CPU engine', 'Memory', 'GPU', 'System']),
  );
  expect(Date.parse(file.date)).toBeGreaterThan(0);
});

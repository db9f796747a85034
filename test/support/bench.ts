/** A file of figures such as `flashdiff bench --peers --json` writes; the figures are made up. */

import { type BenchFile, type Contender, kFormat, type Series } from '../../dist/bench/result.js';
import { flopsOf, parseShape } from '../../dist/bench/shape.js';

const kShapes = ['2x8x2048x64', '1x8x4096x64', '1x4x8192x128'];
const kMasks = [{ causal: false }, { causal: true }];

const times = (median: number) => ({ median, min: 0.9 * median, max: 1.2 * median, runs: 20 });

function contender(name: string, role: Contender['role'], flops: number, perSecond: number) {
  return { name, role, flops, warm: times((flops / perSecond) * 1e3), error: 1e-3 };
}

/** As on a GPU: caches overwritten in between. */
const withCold = ({ warm, ...rest }: Contender): Contender =>
  warm ? { ...rest, warm, cold: times(1.25 * warm.median) } : rest;

export function benchFile(device: Series['device'], extra: Contender[] = []): BenchFile {
  const unit = device === 'cuda' ? 1e12 : 1e9;
  const measurements = kShapes.flatMap((text) =>
    kMasks.map((mask) => {
      const shape = parseShape(text);
      if (!shape) throw new Error(text);
      const flops = flopsOf(shape, mask);
      const contenders = [
        contender('flashdiff', 'ours', flops, 150 * unit),
        contender('flashdiff, norm + scale + lse', 'variant', flops, 148 * unit),
        contender('A x2', 'peer', flops, 100 * unit),
        contender('B <fast> x4', 'peer', flops, 60 * unit),
        contender('plain', 'standard', (flops * 8) / 12, 120 * unit),
        ...extra,
      ];
      return { shape, mask, contenders: device === 'cuda' ? contenders.map(withCold) : contenders };
    }),
  );
  const ceilings = { flops: { perSecond: 200 * unit, of: 'a matmul' } };
  const series = { device, dtype: 'bfloat16', hardware: 'A Thing', ceilings, measurements };
  return {
    format: kFormat,
    date: '2026-01-02T03:04:05.000Z',
    command: 'flashdiff bench --peers',
    machine: { Processor: 'Some & Other' },
    versions: { flashdiff: '1.2.3' },
    series: [series],
  };
}

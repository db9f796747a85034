/** The figures of one series, a line a shape and mask: what tables and plots show. */

import { type Contender, fastest, type Measurement, rate, type Series } from './result.js';
import { labelOf, maskName } from './shape.js';

/** Of a rate in the series: TFLOP/s on a GPU, GFLOP/s on a CPU. */
export function unitOf({ device }: Series): { readonly name: string; readonly of: number } {
  return device === 'cuda' ? { name: 'TFLOP/s', of: 1e12 } : { name: 'GFLOP/s', of: 1e9 };
}

/** One row a shape and mask. */
export interface Line {
  readonly measurement: Measurement;
  readonly shape: string;
  readonly mask: string;
  readonly ours: Contender | undefined;
  readonly bestPeer: Contender | undefined;
  /** Of the ceiling. */
  readonly fraction: number | undefined;
  /** Times as fast as the best peer. */
  readonly speedUp: number | undefined;
}

export function linesOf({ measurements, ceilings }: Series): Line[] {
  return measurements.map((measurement) => {
    const { contenders, shape, mask } = measurement;
    const ours = contenders.find(({ role }) => role === 'ours');
    const bestPeer = fastest(contenders, 'peer');
    const own = ours && rate(ours);
    const ceiling = ceilings.flops?.perSecond;
    return {
      measurement,
      shape: labelOf(shape),
      mask: maskName(mask),
      ours,
      bestPeer,
      fraction: own && ceiling ? own / ceiling : undefined,
      speedUp: speedUpOver(bestPeer, ours),
    };
  });
}

export function speedUpOver(peer: Contender | undefined, ours: Contender | undefined) {
  return peer?.warm && ours?.warm ? peer.warm.median / ours.warm.median : undefined;
}

/** Three digits where they matter. */
export function significant(value: number | undefined): string {
  if (value === undefined) return '';
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}

export function percent(value: number | undefined): string {
  return value === undefined ? '' : `${(value * 100).toFixed(1)} %`;
}

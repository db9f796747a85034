/** Rate against sequence length, a plot a head dim and mask. */

import { significant, unitOf } from '../bench/lines.js';
import { type Measurement, rate, type Series } from '../bench/result.js';
import { labelOf, maskName } from '../bench/shape.js';
import type { Chart } from './chart.js';
import { isPlotted, type Look, scalesOf } from './looks.js';

const kWidth = 300;
const kHeight = 190;
const kHeadroom = 1.05;

export function throughputCharts(series: Series, looks: readonly Look[]): Chart[] {
  const unit = unitOf(series);
  const ceiling = (series.ceilings.flops?.perSecond ?? 0) / unit.of;
  const plotted = series.measurements.flatMap(({ contenders }) => contenders.filter(isPlotted));
  const rates = plotted.map((contender) => (rate(contender) ?? 0) / unit.of);
  const top = Math.max(ceiling, ...rates) * kHeadroom;
  return [...groupsOf(series.measurements)].map(([title, measurements]) => ({
    title,
    spec: {
      width: kWidth,
      height: kHeight,
      layer: [
        ...(ceiling > 0 ? [ceilingRule(ceiling)] : []),
        linesSpec(measurements, looks, unit, top),
      ],
    },
    table: tableOf(measurements, looks, unit),
  }));
}

/** 'D = 128, causal' and its measurements, shortest sequence first. */
function groupsOf(measurements: readonly Measurement[]): Map<string, Measurement[]> {
  const groups = new Map<string, Measurement[]>();
  const sorted = [...measurements].sort(
    (a, b) => a.shape.headDim - b.shape.headDim || a.shape.seqlenK - b.shape.seqlenK,
  );
  for (const measurement of sorted) {
    const title = `D = ${measurement.shape.headDim}, ${maskName(measurement.mask)}`;
    groups.set(title, [...(groups.get(title) ?? []), measurement]);
  }
  return groups;
}

function linesSpec(
  measurements: readonly Measurement[],
  looks: readonly Look[],
  unit: ReturnType<typeof unitOf>,
  top: number,
): object {
  const values = measurements.flatMap(({ shape, contenders }) =>
    contenders.filter(isPlotted).map((contender) => ({
      sequence: shape.seqlenK,
      rate: (rate(contender) ?? 0) / unit.of,
      name: contender.name,
    })),
  );
  const ticks = [...new Set(values.map(({ sequence }) => sequence))];
  const { color, shape, strokeDash } = scalesOf(looks);
  return {
    data: { values },
    encoding: {
      x: {
        field: 'sequence',
        type: 'quantitative',
        scale: { type: 'log', base: 2, nice: false, padding: 14 },
        axis: { title: 'sequence length', values: ticks, format: 'd', labelOverlap: 'greedy' },
      },
      y: {
        field: 'rate',
        type: 'quantitative',
        scale: { domain: [0, top] },
        axis: { title: unit.name, tickCount: 5 },
      },
      color,
    },
    layer: [
      { mark: { type: 'line', strokeWidth: 2 }, encoding: { strokeDash } },
      { mark: { type: 'point', filled: true, size: 55, opacity: 1 }, encoding: { shape } },
    ],
  };
}

function ceilingRule(value: number): object {
  return {
    data: { values: [{ value }] },
    encoding: { y: { datum: value, type: 'quantitative' } },
    layer: [
      { mark: { type: 'rule', strokeDash: [2, 3], color: 'var(--muted)' } },
      {
        mark: { type: 'text', align: 'left', baseline: 'bottom', dy: -2, color: 'var(--muted)' },
        encoding: { x: { value: 4 }, text: { value: `ceiling ${significant(value)}` } },
      },
    ],
  };
}

function tableOf(
  measurements: readonly Measurement[],
  looks: readonly Look[],
  unit: ReturnType<typeof unitOf>,
): Chart['table'] {
  const names = looks.map(({ name }) => name);
  const rows = measurements.map(({ shape, contenders }) => [
    labelOf(shape),
    ...names.map((wanted) => {
      const contender = contenders.find(({ name }) => name === wanted);
      if (contender?.failed) return 'failed';
      const perSecond = contender && rate(contender);
      if (!contender?.warm || perSecond === undefined) return '';
      const cold = contender.cold && `, cold ${significant(contender.cold.median)}`;
      const times = `${significant(contender.warm.median)} ms${cold ?? ''}`;
      return `${significant(perSecond / unit.of)} (${times})`;
    }),
  ]);
  return { head: [`[batch, heads, sequence, D]`, ...names.map((n) => `${n}, ${unit.name}`)], rows };
}

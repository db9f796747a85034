/** Two plots a mask: the fraction of the ceiling, and how many times as fast as each peer. */

import { type Line, linesOf, percent, significant, speedUpOver } from '../bench/lines.js';
import { rate, type Series } from '../bench/result.js';
import type { Chart } from './chart.js';
import { type Look, scalesOf } from './looks.js';

const kWidth = 210;
const kStep = 24;
const kTimes = [0.25, 0.5, 1, 2, 4, 8, 16, 32];

export function fractionCharts(series: Series): Chart[] {
  const ceiling = series.ceilings.flops?.perSecond;
  if (!ceiling) return [];
  return masksOf(series).map(([mask, lines]) => {
    const rows = lines.map((line) => {
      const peer = line.bestPeer && rate(line.bestPeer);
      return { shape: line.shape, ours: line.fraction, peer: peer && peer / ceiling };
    });
    const x = { type: 'quantitative', scale: { domain: [0, 1] } };
    return {
      title: mask,
      spec: {
        width: kWidth,
        height: { step: kStep },
        data: { values: rows },
        encoding: { y: shapeAxis() },
        layer: [
          {
            mark: { type: 'bar', color: 'var(--ours)', height: { band: 0.62 }, cornerRadiusEnd: 2 },
            encoding: {
              x: {
                ...x,
                field: 'ours',
                axis: { title: 'of the ceiling', format: '%', values: [0, 0.25, 0.5, 0.75, 1] },
              },
            },
          },
          {
            mark: { type: 'tick', color: 'var(--ink)', thickness: 2.5, height: { band: 0.8 } },
            encoding: { x: { ...x, field: 'peer' } },
          },
        ],
      },
      table: {
        head: ['[batch, heads, sequence, D]', 'flashdiff', 'best peer', ''],
        rows: rows.map(({ shape, ours, peer }, i) => [
          shape,
          percent(ours),
          percent(peer),
          lines[i]?.bestPeer?.name ?? '',
        ]),
      },
    };
  });
}

export function speedUpCharts(series: Series, looks: readonly Look[]): Chart[] {
  const peers = looks.filter(({ role }) => role === 'peer');
  if (peers.length === 0) return [];
  return masksOf(series).map(([mask, lines]) => {
    const values = lines.flatMap(({ shape, ours, measurement: { contenders } }) =>
      contenders.flatMap((contender) => {
        const speedUp = contender.role === 'peer' ? speedUpOver(contender, ours) : undefined;
        return speedUp ? [{ shape, name: contender.name, speedUp }] : [];
      }),
    );
    const { color, shape } = scalesOf(peers);
    return {
      title: mask,
      spec: {
        width: kWidth,
        height: { step: kStep },
        layer: [
          {
            data: { values: [{}] },
            mark: { type: 'rule', color: 'var(--muted)', strokeDash: [2, 3] },
            encoding: { x: { datum: 1, type: 'quantitative' } },
          },
          {
            data: { values },
            mark: { type: 'point', filled: true, size: 70, opacity: 1 },
            encoding: {
              y: shapeAxis(),
              x: {
                field: 'speedUp',
                type: 'quantitative',
                scale: { type: 'log', nice: false, padding: 14 },
                axis: {
                  title: 'times as fast as',
                  labelExpr: "datum.value + ' ×'",
                  values: kTimes,
                },
              },
              color,
              shape,
            },
          },
        ],
      },
      table: {
        head: ['[batch, heads, sequence, D]', ...peers.map(({ name }) => `over ${name}`)],
        rows: lines.map(({ shape: label }) => [
          label,
          ...peers.map(({ name }) => {
            const found = values.find((value) => value.shape === label && value.name === name);
            return found ? `${significant(found.speedUp)} ×` : '';
          }),
        ]),
      },
    };
  });
}

function masksOf(series: Series): [string, Line[]][] {
  const groups = new Map<string, Line[]>();
  for (const line of linesOf(series)) {
    if (line.ours?.warm) groups.set(line.mask, [...(groups.get(line.mask) ?? []), line]);
  }
  return [...groups];
}

/** In the order of measurement. */
function shapeAxis(): object {
  return { field: 'shape', type: 'nominal', sort: null, axis: { title: null, labelLimit: 0 } };
}

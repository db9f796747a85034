/** One colour and one mark for each contender, the same in every plot of a series. */

import { type Contender, rate, type Series } from '../bench/result.js';

export interface Look {
  readonly name: string;
  readonly role: Contender['role'];
  readonly colour: string;
  readonly mark: keyof typeof kMarks;
  readonly dash: readonly number[];
}

/** As Vega names them, drawn around the origin, 12 wide. */
export const kMarks = {
  circle: 'M5,0A5,5 0 1 1 -5,0A5,5 0 1 1 5,0Z',
  square: 'M-4.5,-4.5h9v9h-9Z',
  'triangle-up': 'M0,-5L5.5,4.5h-11Z',
  diamond: 'M0,-6L5,0L0,6L-5,0Z',
  'triangle-down': 'M0,5L5.5,-4.5h-11Z',
  cross: 'M-5,-2h3v-3h4v3h3v4h-3v3h-4v-3h-3Z',
} as const;

const kPeerMarks = ['square', 'triangle-up', 'diamond', 'triangle-down', 'cross'] as const;

/** Ours first, then peers as they were measured, the plain Transformer last. */
export function looksOf(series: Series): Look[] {
  const all = series.measurements.flatMap(({ contenders }) => contenders).filter(isPlotted);
  const named = (role: Contender['role']) => [
    ...new Set(all.filter((contender) => contender.role === role).map(({ name }) => name)),
  ];
  const solid = [1, 0];
  return [
    ...named('ours').map(
      (name): Look => ({ name, role: 'ours', colour: 'var(--ours)', mark: 'circle', dash: solid }),
    ),
    ...named('peer').map((name, i): Look => {
      const place = i % kPeerMarks.length;
      const mark = kPeerMarks[place] ?? 'square';
      return { name, role: 'peer', colour: `var(--peer-${place + 1})`, mark, dash: solid };
    }),
    ...named('standard').map(
      (name): Look => ({
        name,
        role: 'standard',
        colour: 'var(--muted)',
        mark: 'circle',
        dash: [5, 4],
      }),
    ),
  ];
}

export function isPlotted(contender: Contender): boolean {
  return contender.role !== 'variant' && rate(contender) !== undefined;
}

/** Encodings of the field `name`; the page draws one legend for all plots. */
export function scalesOf(looks: readonly Look[]) {
  const domain = looks.map(({ name }) => name);
  const encoding = <T>(range: readonly T[]) => ({
    field: 'name',
    type: 'nominal',
    scale: { domain, range },
    legend: null,
  });
  return {
    color: encoding(looks.map(({ colour }) => colour)),
    shape: encoding(looks.map(({ mark }) => mark)),
    strokeDash: encoding(looks.map(({ dash }) => dash)),
  };
}

/**
 * The report: one self-contained page, plots drawn, the table behind each, machine and versions.
 */

import { linesOf, significant, unitOf } from '../bench/lines.js';
import type { BenchFile, Series } from '../bench/result.js';
import { drawCharts, drawLegend, drawMachine } from './blocks.js';
import { escapeHtml } from './chart.js';
import { looksOf } from './looks.js';
import { fractionCharts, speedUpCharts } from './ratios.js';
import { kStyle } from './style.js';
import { throughputCharts } from './throughput.js';

export async function drawReport(files: readonly BenchFile[]): Promise<string> {
  const sections: string[] = [];
  for (const [f, file] of files.entries()) {
    for (const [s, series] of file.series.entries()) {
      sections.push(await drawSeries(series, `plot-${f}-${s}`));
    }
    sections.push(drawMachine(file));
  }
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>flashdiff: measured</title>
<style>${kStyle}</style>
<main>
<h1>flashdiff, measured</h1>
<p>Differential attention, forward: softmax(s Q<sub>1</sub>K<sub>1</sub>ᵀ)V − λ softmax(s
Q<sub>2</sub>K<sub>2</sub>ᵀ)V. Rates count the arithmetic of the algorithm, 12 D FLOP for each
visible pair of query and key and each differential head, whoever does it and however often it is
done. Times are medians of device time a call, with the caches warm; where the tables say “cold”, with
the caches overwritten in between.</p>
${sections.join('\n')}
</main>
</html>
`;
}

async function drawSeries(series: Series, id: string): Promise<string> {
  const looks = looksOf(series);
  const unit = unitOf(series);
  const device = series.device === 'cuda' ? 'GPU' : 'CPU';
  const { flops, bytes } = series.ceilings;
  const ceiling = flops && `${significant(flops.perSecond / unit.of)} ${unit.name} (${flops.of})`;
  const copy = bytes && `${significant(bytes.perSecond / 1e9)} GB/s (${bytes.of})`;
  const ceilings = [ceiling, copy].filter(Boolean).join(' and ');
  const standard = looks.some(({ role }) => role === 'standard')
    ? ` “${looks.at(-1)?.name}” is ordinary attention of a Transformer of the same size: it ` +
      'computes something else and counts its own 8 D FLOP.'
    : '';
  const blocks = [
    await drawCharts(
      `${id}-rate`,
      `${unit.name} against sequence length`,
      `Higher is better.${standard}`,
      throughputCharts(series, looks),
      drawLegend(looks),
    ),
    await drawCharts(
      `${id}-fraction`,
      'Fraction of the ceiling',
      `Bars: flashdiff. Upright strokes: the best peer. 100 % is ${ceiling ?? ''}.`,
      fractionCharts(series),
    ),
    await drawCharts(
      `${id}-speed`,
      'Speed-up',
      'How many times as fast as each peer flashdiff is; right of the dotted line it is faster.',
      speedUpCharts(series, looks),
      drawLegend(looks.filter(({ role }) => role === 'peer')),
    ),
  ];
  return `<section>
<h2>${device}: ${escapeHtml(`${series.hardware}, ${series.dtype}`)}</h2>
<p>${headline(series)}${ceilings ? ` Ceilings measured in the same run: ${escapeHtml(ceilings)}.` : ''}</p>
${blocks.join('\n')}
</section>`;
}

function headline(series: Series): string {
  const lines = linesOf(series);
  const span = (values: readonly (number | undefined)[], show: (value: number) => string) => {
    const known = values.filter((value) => value !== undefined);
    if (known.length === 0) return undefined;
    const [low, high] = [show(Math.min(...known)), show(Math.max(...known))];
    return low === high ? low : `${low} to ${high}`;
  };
  const speed = span(
    lines.map(({ speedUp }) => speedUp),
    (value) => value.toFixed(2),
  );
  const share = span(
    lines.map(({ fraction }) => fraction),
    (value) => (value * 100).toFixed(0),
  );
  const sentences = [
    speed && `flashdiff is ${speed} times as fast as the best peer of each shape.`,
    share && `It reaches ${share} % of the ceiling.`,
  ];
  return sentences.filter(Boolean).join(' ');
}

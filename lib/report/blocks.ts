/** What the page is made of. */

import type { BenchFile } from '../bench/result.js';
import { type Chart, escapeHtml, svgOf } from './chart.js';
import { kMarks, type Look } from './looks.js';

/** `id` tells the block apart from the others of the page. */
export async function drawCharts(
  id: string,
  title: string,
  note: string,
  charts: readonly Chart[],
  legend = '',
): Promise<string> {
  if (charts.length === 0) return '';
  const figures: string[] = [];
  for (const [i, chart] of charts.entries()) {
    figures.push(`<figure>
<figcaption>${escapeHtml(chart.title)}</figcaption>
${await svgOf({ ...chart, title: `${title}: ${chart.title}` }, `${id}-${i}`)}
<details><summary>Table</summary>${drawTable(chart.table)}</details>
</figure>`);
  }
  return `<h3>${title}</h3>\n<p>${escapeHtml(note)}</p>\n${legend}\n<div class="grid">\n${figures.join('\n')}\n</div>`;
}

export function drawLegend(looks: readonly Look[]): string {
  const items = looks.map(
    ({ name, colour, mark, dash }) =>
      `<li><svg viewBox="-13 -7 26 14" aria-hidden="true"><path d="M-13,0H13" stroke="${colour}" ` +
      `stroke-width="2" stroke-dasharray="${dash.join(' ')}"/><path d="${kMarks[mark]}" ` +
      `fill="${colour}"/></svg>${escapeHtml(name)}</li>`,
  );
  return `<ul class="legend">${items.join('')}</ul>`;
}

function drawTable({ head, rows }: Chart['table']): string {
  const cells = (tag: string, row: readonly string[]) =>
    `<tr>${row.map((cell) => `<${tag}>${escapeHtml(cell)}</${tag}>`).join('')}</tr>`;
  const body = rows.map((row) => cells('td', row)).join('');
  return `<div class="scroll"><table><thead>${cells('th', head)}</thead><tbody>${body}</tbody></table></div>`;
}

export function drawMachine({ machine, versions, date, command }: BenchFile): string {
  const rows = Object.entries({ ...machine, ...versions, Measured: date, Command: command });
  const body = rows
    .map(([name, value]) => `<tr><th>${escapeHtml(name)}</th><td>${escapeHtml(value)}</td></tr>`)
    .join('');
  return `<section>\n<h2>Machine and versions</h2>\n<div class="scroll"><table class="facts">${body}</table></div>\n</section>`;
}

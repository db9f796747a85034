/** A plot and the table behind it; specifications become SVG here. */

export interface Chart {
  readonly title: string;
  /** Vega-Lite; colours are variables of the page's style. */
  readonly spec: object;
  readonly table: {
    readonly head: readonly string[];
    readonly rows: readonly (readonly string[])[];
  };
}

interface Vega {
  compile(spec: object): { spec: object };
  parse(spec: object): unknown;
  View: new (runtime: unknown, options: object) => { toSVG(): Promise<string> };
}

const kAxis = {
  labelColor: 'var(--muted)',
  titleColor: 'var(--muted)',
  gridColor: 'var(--grid)',
  tickColor: 'var(--grid)',
  domainColor: 'var(--grid)',
  titleFontWeight: 'normal',
  labelFontSize: 11,
  titleFontSize: 11,
};
const kConfig = {
  background: null,
  font: 'system-ui, sans-serif',
  view: { stroke: null },
  axis: kAxis,
  text: { fontSize: 11 },
};

/** As wide as its place, never wider than drawn by much. `id` tells the plots of a page apart. */
export async function svgOf({ spec, title }: Chart, id: string): Promise<string> {
  // Vega and Vega-Lite, bundled into this one file when the package is built.
  const vega = require('./vega.js') as Vega;
  const compiled = vega.compile({ ...spec, config: kConfig, padding: 4 }).spec;
  const svg = await new vega.View(vega.parse(compiled), { renderer: 'none' }).toSVG();
  const [, width = ''] = / width="([\d.]+)"/.exec(svg) ?? [];
  return svg
    .replace(/ id="(\w+)"/g, ` id="${id}-$1"`)
    .replace(/url\(#(\w+)\)/g, `url(#${id}-$1)`)
    .replace(/ version="1.1"| class="marks"| xmlns:xlink="[^"]*"/g, '')
    .replace(/ width="[^"]*" height="[^"]*"/, ` role="img" aria-label="${escapeHtml(title)}"`)
    .replace('<svg', `<svg style="max-width:${Number(width) * 1.25}px"`);
}

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);
}

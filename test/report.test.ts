import type { Browser, Page } from 'playwright-core';
import { linesOf } from '../dist/bench/lines.js';
import { flopsOf, labelOf, pairsOf, parseShape } from '../dist/bench/shape.js';
import { tableOf } from '../dist/cli/bench_table.js';
import { drawReport } from '../dist/report/report.js';
import { benchFile } from './support/bench.js';
import { hasBrowser, launch } from './support/browser.js';

describe('shapes', () => {
  test.each([
    ['1x8x2048x64', '[1, 8, 2048, 64]'],
    ['2x20/10x8192x64', '[2, 20/10, 8192, 64]'],
    ['1x8x1:8192x128', '[1, 8, 1:8192, 128]'],
  ])('%s', (text, label) => {
    const shape = parseShape(text);
    expect(shape && labelOf(shape)).toBe(label);
  });

  test.each(['', '1x8x2048', '1x8x0x64', '1x3/2x8x64', 'ax8x2048x64', '1x8x2048x64x2'])(
    '%p is none',
    (text) => expect(parseShape(text)).toBeUndefined(),
  );

  test.each([
    ['1x1x5x8', { causal: false }, 25],
    ['1x1x5x8', { causal: true }, 15],
    ['1x1x2:5x8', { causal: true }, 9],
    ['1x1x5:2x8', { causal: true }, 3],
    ['1x1x5x8', { causal: true, left: 1 }, 9],
    ['1x1x5x8', { causal: true, left: 0 }, 5],
  ])('pairs of %s with %p', (text, mask, pairs) => {
    const shape = parseShape(text);
    if (!shape) throw new Error(text);
    expect(pairsOf(shape, mask)).toBe(pairs);
    expect(flopsOf(shape, mask)).toBe(12 * 8 * pairs);
  });
});

test('a line compares with the fastest peer and the ceiling', () => {
  const [series] = benchFile('cuda').series;
  if (!series) throw new Error('no series');
  for (const line of linesOf(series)) {
    expect(line.bestPeer?.name).toBe('A x2');
    expect(line.speedUp).toBeCloseTo(1.5);
    expect(line.fraction).toBeCloseTo(0.75);
  }
});

test('cold times stand beside the warm ones where there are some', () => {
  const table = (device: 'cpu' | 'cuda') => benchFile(device).series.map(tableOf).join();
  const [, head = '', first = ''] = table('cuda').split('\n');
  expect(head).toMatch(/ warm ms +cold ms /);
  const [warm, cold] = (/ 150 +([\d.]+) +([\d.]+) /.exec(first) ?? []).slice(1).map(Number);
  expect(cold).toBeCloseTo(1.25 * (warm as number), 2);
  expect(table('cpu')).not.toContain('cold');
});

describe('the page', () => {
  const failed = { name: 'C', role: 'peer' as const, flops: 1, failed: 'no kernel' };
  let html = '';
  beforeAll(async () => {
    html = await drawReport([benchFile('cuda', [failed]), benchFile('cpu')]);
  });

  test('needs nothing else', () => {
    expect(html).not.toMatch(/<script|<link|\bsrc=|@import|url\((?!#)/);
    expect(html).not.toMatch(/https?:(?!\/\/www\.w3\.org\/2000\/svg)/);
  });

  test('has a plot and its table for each head dim and mask, twice the ratios, on both devices', () => {
    const count = (pattern: RegExp) => html.match(pattern)?.length;
    expect(count(/<figure>/g)).toBe(2 * (4 + 2 + 2));
    expect(count(/<figure>/g)).toBe(count(/<details>/g));
    expect(html).toContain('TFLOP/s against sequence length');
    expect(html).toContain('GFLOP/s against sequence length');
    expect(html).toContain('flashdiff is 1.50 times as fast as the best peer of each shape.');
    expect(html).toContain('It reaches 75 % of the ceiling.');
  });

  test('marks every figure that was measured', () => {
    const [first = ''] = html.split('<h2>')[1]?.split('<h3>Fraction') ?? [];
    // Six shapes and masks, four contenders that are plotted.
    expect(first.match(/aria-roledescription="point"/g)).toHaveLength(6 * 4);
    expect(first).toMatch(/<td>150 \([\d.]+ ms, cold [\d.]+\)<\/td>/);
  });

  test('draws something for every mark, the line of equal speed among them', () => {
    expect(html).not.toMatch(/<g class="mark-\w+ role-mark[^>]*\/>/);
    const speedUps = html
      .split('<h3>Speed-up')
      .slice(1)
      .map((text) => text.split('</section>')[0]);
    for (const plot of speedUps)
      expect(plot?.match(/"rule mark container"><line/g)).toHaveLength(2);
  });

  test('every reference within a plot leads into that plot', () => {
    const ids = [...html.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const [, id] of html.matchAll(/url\(#([^)]+)\)/g)) expect(ids).toContain(id);
  });

  test('names are text', () => {
    expect(html).toContain('B &#60;fast&#62; x4');
    expect(html).toContain('Some &#38; Other');
    expect(html).not.toContain('<fast>');
  });

  test('figures without peers and ceilings make a page too', async () => {
    const file = benchFile('cpu');
    const series = file.series.map((entry) => ({
      ...entry,
      ceilings: {},
      measurements: entry.measurements.map((measurement) => ({
        ...measurement,
        contenders: measurement.contenders.filter(({ role }) => role === 'ours'),
      })),
    }));
    const page = await drawReport([{ ...file, series }]);
    expect(page.match(/<figure>/g)).toHaveLength(4);
    expect(page).not.toMatch(/undefined|NaN/);
  });
});

(hasBrowser() ? describe : describe.skip)('in a browser', () => {
  let browser: Browser;
  let html: string;
  beforeAll(async () => {
    [browser, html] = await Promise.all([launch(), drawReport([benchFile('cuda')])]);
  }, 60_000);
  afterAll(() => browser.close());

  const kPhone = { width: 390, height: 844 };
  const kDesk = { width: 1280, height: 900 };

  test.each([
    ['a phone in light', kPhone, 'light', [31, 95, 214]],
    ['a phone in the dark', kPhone, 'dark', [110, 162, 255]],
    ['a desk in light', kDesk, 'light', [31, 95, 214]],
    ['a desk in the dark', kDesk, 'dark', [110, 162, 255]],
  ] as const)(
    'on %s',
    async (_, viewport, colorScheme, ours) => {
      const page = await browser.newPage({ viewport, colorScheme });
      const requests: string[] = [];
      page.on('request', (request) => requests.push(request.url()));
      await page.setContent(html);
      expect(requests).toEqual([]);
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(viewport.width);

      const plots = await page.locator('figure > svg').all();
      expect(plots).toHaveLength(8);
      for (const [i, plot] of plots.entries()) {
        const box = await plot.boundingBox();
        expect(box?.width).toBeGreaterThan(300);
        expect(box?.height).toBeGreaterThan(90);
        // Speed-ups show the peers alone.
        if (i < 6) expect(await pixelsOf(page, await plot.screenshot(), ours)).toBeGreaterThan(25);
      }
      const [text] = await page.locator('figure > svg text').all();
      const size = await text?.boundingBox();
      expect(size?.height).toBeGreaterThan(9);

      const table = page.locator('figure details').first();
      expect(await table.locator('table').isVisible()).toBe(false);
      await table.locator('summary').click();
      expect(await table.locator('table').isVisible()).toBe(true);
      await page.close();
    },
    60_000,
  );
});

/** How many pixels of a screenshot have a colour, counted by the browser itself. */
function pixelsOf(page: Page, png: Buffer, colour: readonly number[]): Promise<number> {
  const source = `data:image/png;base64,${png.toString('base64')}`;
  return page.evaluate(`(async () => {
    const image = new Image();
    image.src = ${JSON.stringify(source)};
    await image.decode();
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [image.width, image.height];
    const context = canvas.getContext('2d');
    context.drawImage(image, 0, 0);
    const { data } = context.getImageData(0, 0, image.width, image.height);
    const [r, g, b] = ${JSON.stringify(colour)};
    let count = 0;
    for (let i = 0; i < data.length; i += 4) {
      const far = Math.abs(data[i] - r) + Math.abs(data[i + 1] - g) + Math.abs(data[i + 2] - b);
      if (far < 12) count += 1;
    }
    return count;
  })()`);
}

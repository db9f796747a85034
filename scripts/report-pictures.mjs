// Pictures of a report's first plots for the README: FILE-light.png and FILE-dark.png beside
// FILE.html.
//
// usage: node scripts/report-pictures.mjs FILE.html... (needs Chromium: FLASHDIFF_CHROMIUM)
import { pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';

const kBrowser = process.env.FLASHDIFF_CHROMIUM ?? '/usr/bin/chromium';
const kViewport = { width: 860, height: 900 };

const browser = await chromium.launch({
  executablePath: kBrowser,
  args: ['--no-sandbox', '--disable-gpu'],
});
for (const file of process.argv.slice(2)) {
  for (const colorScheme of ['light', 'dark']) {
    const page = await browser.newPage({
      viewport: kViewport,
      colorScheme,
      deviceScaleFactor: 1.25,
    });
    await page.goto(pathToFileURL(file).href);
    await page.addStyleTag({ content: 'details { display: none }' });
    const heading = await page.locator('h2').first().boundingBox();
    const plots = await page.locator('.grid').first().boundingBox();
    const path = file.replace(/\.html$/, `-${colorScheme}.png`);
    const height = plots.y + plots.height - heading.y + 24;
    await page.screenshot({
      path,
      fullPage: true,
      clip: { x: 0, y: heading.y - 16, width: kViewport.width, height },
    });
    await page.close();
    console.log(path);
  }
}
await browser.close();

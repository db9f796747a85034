// Bundles Vega and Vega-Lite into dist/report/vega.js: 0.8 MB in one file, where installing them
// would take 36 MB in 81 packages. Their licences go beside it.
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const target = join(root, 'dist/report');

const { metafile } = await build({
  stdin: {
    contents: "export { compile } from 'vega-lite'; export { parse, View } from 'vega';",
    resolveDir: root,
  },
  outfile: join(target, 'vega.js'),
  bundle: true,
  minify: true,
  format: 'cjs',
  // The variants for browsers need neither canvas nor files.
  platform: 'browser',
  legalComments: 'none',
  metafile: true,
});

const packages = new Set();
for (const input of Object.keys(metafile.inputs)) {
  const match = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(resolve(input));
  if (match) packages.add(match[1]);
}
const notices = [...packages].sort().map((folder) => {
  const { name, version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  return `${name} ${version}\n\n${licenceOf(folder).trim()}\n`;
});
writeFileSync(join(target, 'vega.LICENSES.txt'), notices.join(`\n${'-'.repeat(80)}\n\n`));

function licenceOf(folder) {
  for (const file of ['LICENSE', 'LICENSE.md', 'LICENSE.txt', 'LICENCE']) {
    try {
      return readFileSync(join(folder, file), 'utf8');
    } catch {}
  }
  throw new Error(`expected a licence in ${folder}`);
}

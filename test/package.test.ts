/** What npm would publish. scripts/release.mjs tries the packed package itself. */

import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const root = dirname(require.resolve('flashdiff/package.json'));
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

test('every file that the manifest names is built', () => {
  const leaves = (value: unknown): string[] =>
    typeof value === 'object' && value !== null
      ? Object.values(value).flatMap(leaves)
      : [String(value)];
  const { main, types, bin, exports } = manifest;
  for (const file of leaves([main, types, bin, exports])) {
    expect([file, existsSync(join(root, file))]).toEqual([file, true]);
  }
  expect(readFileSync(join(root, manifest.bin.flashdiff), 'utf8')).toMatch(
    /^#!\/usr\/bin\/env node\n/,
  );
});

test('installing runs nothing and fetches nothing', () => {
  for (const name of ['preinstall', 'install', 'postinstall', 'prepare']) {
    expect(manifest.scripts).not.toHaveProperty(name);
  }
  expect(manifest.bundleDependencies).toEqual(Object.keys(manifest.dependencies));
  expect(existsSync(join(root, 'binding.gyp'))).toBe(false);
});

test('a checkout is not published', () => {
  const publish = () =>
    execFileSync('npm', ['run', 'prepublishOnly'], { cwd: root, encoding: 'utf8', stdio: 'pipe' });
  expect(publish).toThrow('npm run release');
});

test('the tarball holds what runs, and no sources, tests or examples', () => {
  const options = { cwd: root, encoding: 'utf8' } as const;
  const printed = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], options);
  const files: string[] = JSON.parse(printed)[0].files.map(({ path }: { path: string }) => path);
  for (const file of [
    'LICENSE',
    'README.md',
    'CHANGELOG.md',
    'binding.d.ts',
    'bench/peers.py',
    'dist/index.mjs',
    'dist/cli/main.js',
    'dist/verify/worker.js',
    'dist/report/vega.js',
    'dist/report/vega.LICENSES.txt',
  ]) {
    expect(files).toContain(file);
  }
  const strays = files.filter(
    (file) =>
      !/^(dist|prebuilds|node_modules\/node-gyp-build)\/|^bench\/peers\.py$|^[^/]+$/.test(file),
  );
  expect(strays).toEqual([]);
  expect(files.filter((file) => /\.(ts|map)$/.test(file) && !/\.d\.m?ts$/.test(file))).toEqual([]);
});

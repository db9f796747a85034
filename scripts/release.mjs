// Makes the package: a clean copy of the sources, TypeScript, the addon for every GPU architecture,
// a tarball, and the check of all that. It touches neither dist/ nor build/Release of the checkout.
//
// usage: node scripts/release.mjs [--reuse] [--no-cuda] [--node FILE]...
//   --reuse    take build/Release/flashdiff.node of this checkout instead of building for a release
//   --no-cuda  without CUDA, for a machine that has no nvcc
//   --node     other Node.js binaries to try the package on
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { checkAddon, checkPackage } from './package-check.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const out = join(root, 'build/release');
const stage = join(out, 'stage');

const { values: flags } = parseArgs({
  options: {
    reuse: { type: 'boolean', default: false },
    'no-cuda': { type: 'boolean', default: false },
    node: { type: 'string', multiple: true, default: [] },
  },
});

copySources();
run('npm', ['run', 'build:ts']);
buildAddon();
const platform = `${process.platform}-${process.arch}`;
checkAddon(join(stage, 'prebuilds', platform, 'flashdiff.glibc.node'));
const [{ filename }] = JSON.parse(
  execFileSync('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', out], {
    cwd: stage,
    encoding: 'utf8',
  }),
);
const tarball = join(out, filename);
checkPackage(tarball, [process.execPath, ...flags.node]);
console.log(`\n${tarball}: ${(statSync(tarball).size / 1e6).toFixed(2)} MB`);

/** What git tracks or would track: nothing stale gets in. */
function copySources() {
  rmSync(stage, { recursive: true, force: true });
  mkdirSync(stage, { recursive: true });
  const listed = execFileSync('git', ['ls-files', '-co', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
  });
  for (const file of new Set(listed.split('\n').filter(isNeeded))) {
    cpSync(join(root, file), join(stage, file), { recursive: true, filter: exists });
  }
  symlinkSync(join(root, 'node_modules'), join(stage, 'node_modules'));
}

function isNeeded(file) {
  return file !== '' && !/^(test|examples|docs-src|bench\/results|\.ci)\//.test(file);
}

function exists(file) {
  return statSync(file, { throwIfNoEntry: false }) !== undefined;
}

function buildAddon() {
  const environment = { PREBUILD_NODE_GYP: join(stage, 'scripts/prebuild-shim.cjs') };
  if (flags.reuse) {
    cpSync(join(root, 'build/Release'), join(stage, 'build/Release'), { recursive: true });
    environment.FLASHDIFF_PREBUILT = '1';
  } else {
    environment.FLASHDIFF_CMAKE_FLAGS = flags['no-cuda']
      ? '--CDFLASHDIFF_CUDA=OFF'
      : '--CDFLASHDIFF_CUDA=ON --CDFLASHDIFF_ARCHS=release';
  }
  run('npx', ['prebuildify', '--napi', '--strip', '--tag-libc'], environment);
  const made = readdirSync(join(stage, 'prebuilds'), { recursive: true });
  console.log(`prebuilt: ${made.filter((file) => file.endsWith('.node')).join(', ')}`);
}

function run(command, args, environment = {}) {
  const env = { ...process.env, ...environment };
  execFileSync(command, args, { cwd: stage, stdio: 'inherit', env });
}

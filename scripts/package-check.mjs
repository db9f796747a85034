// Tries a packed tarball as its users would: in an empty project, offline, without install scripts,
// by every kind of module.
//
// usage: node scripts/package-check.mjs TARBALL [NODE]...
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const consumers = join(root, 'scripts/consumers');
const bin = (name) => join(root, 'node_modules/.bin', name);

/** Ubuntu 22.04 and what is as old: glibc 2.35 and the libstdc++ of GCC 12. */
const kNewest = { GLIBC: '2.35', GLIBCXX: '3.4.30', CXXABI: '1.3.13' };
const kForbidden =
  /^(test|examples|native|cpu|cuda|include|cmake|lib|scripts|docs)\/|\.gyp$|\.ts\.map$/;

export function checkAddon(file) {
  const needs = execFileSync('readelf', ['-V', file], { encoding: 'utf8' });
  for (const [library, newest] of Object.entries(kNewest)) {
    const versions = [...needs.matchAll(new RegExp(`\\b${library}_([0-9.]+)`, 'g'))];
    const [most = '0'] = versions
      .map(([, version]) => version)
      .sort(byVersion)
      .reverse();
    console.log(`${library} ${most} (at most ${newest})`);
    if (byVersion(most, newest) > 0) throw new Error(`${file} needs ${library}_${most}`);
  }
}

export function checkPackage(tarball, nodes) {
  checkContent(tarball);
  step('publint', () => run(bin('publint'), ['run', '--strict', tarball]));
  // Node.js 20 and later know "exports": resolution without them is of no use to anybody.
  step('attw', () => run(bin('attw'), ['--profile', 'node16', '--no-emoji', tarball]));

  const project = mkdtempSync(join(tmpdir(), 'flashdiff-consumer-'));
  try {
    cpSync(consumers, project, { recursive: true });
    step('install offline, with an empty cache', () => install(project, tarball));
    for (const node of nodes) tryOn(node, project);
    tryTools(project);
  } finally {
    rmSync(project, { recursive: true });
  }
}

function checkContent(tarball) {
  const list = execFileSync('tar', ['-tzf', tarball], { encoding: 'utf8' });
  const files = list
    .trim()
    .split('\n')
    .map((file) => file.replace('package/', ''));
  const strays = files.filter((file) => kForbidden.test(file));
  if (strays.length) throw new Error(`${tarball} holds ${strays.join(', ')}`);
  const manifest = execFileSync('tar', ['-xzOf', tarball, 'package/package.json']);
  const { scripts = {}, dependencies = {} } = JSON.parse(manifest.toString());
  const hooks = Object.keys(scripts).filter((name) => /^(pre|post)?install$|^prepare$/.test(name));
  if (hooks.length) throw new Error(`the package runs ${hooks.join(', ')}`);
  const needs = Object.keys(dependencies);
  const missing = needs.filter((name) => !files.includes(`node_modules/${name}/package.json`));
  if (missing.length) throw new Error(`offline, the package cannot get ${missing.join(', ')}`);
  console.log(`${files.length} files`);
}

function install(project, tarball) {
  const cache = join(project, '.npm');
  const flags = ['--offline', '--ignore-scripts', '--no-audit', '--no-fund', '--cache', cache];
  run('npm', ['install', ...flags, tarball], project);
  rmSync(cache, { recursive: true, force: true });
}

/** The plain module forms and the command, on one Node.js. */
function tryOn(node, project) {
  const version = execFileSync(node, ['--version'], { encoding: 'utf8' }).trim();
  for (const file of ['esm.mjs', 'common.cjs', 'worker.mjs']) {
    step(`${version} ${file}`, () => run(node, [file], project));
  }
  const { bin: command } = readManifest(join(project, 'node_modules/flashdiff'));
  const cli = join(project, 'node_modules/flashdiff', command.flashdiff);
  step(`${version} flashdiff inspect`, () => run(node, [cli, 'inspect'], project));
  step(`${version} flashdiff bench`, () => {
    run(node, [cli, 'bench', '--quick', '--device', 'cpu', '--report', 'report.html'], project);
    if (!readFileSync(join(project, 'report.html'), 'utf8').includes('<svg')) {
      throw new Error('the report has no plot');
    }
  });
}

function tryTools(project) {
  for (const name of ['@types/node', 'undici-types']) {
    const target = join(project, 'node_modules', name);
    cpSync(join(root, 'node_modules', name), target, { recursive: true });
  }
  for (const folder of ['ts-esm', 'ts-cjs', 'ts-bundler']) {
    cpSync(join(project, 'app.ts'), join(project, folder, 'app.ts'));
    step(`TypeScript ${folder}`, () => run(bin('tsc'), ['-p', folder], project));
  }
  step('TypeScript ts-plain, without @types/node', () => {
    run(bin('tsc'), ['-p', 'ts-plain'], project);
  });
  for (const file of ['ts-esm/out/app.js', 'ts-cjs/out/app.js']) {
    step(file, () => run(process.execPath, [file], project));
  }
  step('jest', () =>
    run(bin('jest'), ['--rootDir', project, '--testMatch', '**/in.jest.cjs'], project),
  );
  step('esbuild, the addon copied beside the bundle', () => {
    const flags = ['--bundle', '--platform=node', '--loader:.node=copy', '--log-level=error'];
    run(bin('esbuild'), ['esm.mjs', ...flags, '--outfile=bundled/app.cjs'], project);
    const alone = mkdtempSync(join(tmpdir(), 'flashdiff-bundled-'));
    cpSync(join(project, 'bundled'), alone, { recursive: true });
    run(process.execPath, [join(alone, 'app.cjs')], alone);
    rmSync(alone, { recursive: true });
  });
  step('npx flashdiff verify --quick', () => {
    run('npx', ['--no-install', 'flashdiff', 'verify', '--quick'], project);
  });
}

function readManifest(folder) {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
}

function byVersion(a, b) {
  const [left, right] = [a, b].map((version) => version.split('.').map(Number));
  const at = left.findIndex((part, i) => part !== (right[i] ?? 0));
  if (at === -1) return left.length - right.length;
  return left[at] - (right[at] ?? 0);
}

function step(name, work) {
  console.log(`\n-- ${name}`);
  work();
}

function run(command, args, cwd = root) {
  execFileSync(command, args, { cwd, stdio: ['ignore', 'inherit', 'inherit'] });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [tarball, ...nodes] = process.argv.slice(2).map((file) => resolve(file));
  checkPackage(tarball, [process.execPath, ...nodes]);
}

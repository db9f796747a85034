/**
 * Finds the addon's file: a build of this checkout, else the prebuilt one of this platform. The
 * paths are literals, each in a `try` of its own, so that bundlers see them and bring along what is
 * there. What they do not name (a debug build, another libc or platform) node-gyp-build looks for.
 */

import { join, resolve } from 'node:path';
import { FlashDiffError } from './errors.js';

interface Attempt {
  readonly file: string;
  readonly error: NodeJS.ErrnoException;
}

const kRoot = join(__dirname, '..');
const kPlatform = `${process.platform}-${process.arch}`;

/** @throws FlashDiffError `ERR_NATIVE_LOAD`, which lists what was tried */
export function loadAddon(): unknown {
  const attempts: Attempt[] = [];
  const failed = (file: string, error: unknown) =>
    attempts.push({ file: resolve(kRoot, file), error: error as Error });
  try {
    return require('../build/Release/flashdiff.node');
  } catch (error) {
    failed('build/Release/flashdiff.node', error);
  }
  if (kPlatform === 'linux-x64') {
    try {
      return require('../prebuilds/linux-x64/flashdiff.glibc.node');
    } catch (error) {
      failed('prebuilds/linux-x64/flashdiff.glibc.node', error);
    }
  }
  if (kPlatform === 'linux-arm64') {
    try {
      return require('../prebuilds/linux-arm64/flashdiff.glibc.node');
    } catch (error) {
      failed('prebuilds/linux-arm64/flashdiff.glibc.node', error);
    }
  }
  const other = findOther();
  if (other && !attempts.some(({ file }) => file === other.file)) {
    try {
      return other.load();
    } catch (error) {
      failed(other.file, error);
    }
  }
  throw loadError(attempts);
}

function findOther(): { file: string; load(): unknown } | undefined {
  try {
    const load = require('node-gyp-build');
    return { file: load.path(kRoot), load: () => load(kRoot) };
  } catch {
    return undefined; // there is none
  }
}

function loadError(attempts: readonly Attempt[]): FlashDiffError {
  const present = attempts.find(({ error }) => error.code !== 'MODULE_NOT_FOUND');
  const tried = attempts.map(
    ({ file, error }) => `  ${file}: ${error.message.trim().split('\n')[0]}`,
  );
  return new FlashDiffError(
    'ERR_NATIVE_LOAD',
    `expected an addon that loads on ${systemName()}, got none. Tried:\n${tried.join('\n')}\n` +
      adviceFor(present !== undefined),
    { cause: (present ?? attempts.at(-1))?.error },
  );
}

function adviceFor(isPresent: boolean): string {
  if (process.platform !== 'linux') {
    return 'The addon is for Linux alone; flashdiff/reference runs everywhere, without it.';
  }
  const build =
    'build it in a checkout on this system: npm run build:native (CMake, g++ 12 or newer).';
  return isPresent
    ? `A file is there and does not load here, for the reason above: ${build}`
    : 'Prebuilt addons travel in the package: install flashdiff again, or keep the folder prebuilds ' +
        `beside a bundle. Where none fits, ${build}`;
}

/** 'linux-x64, glibc 2.36, Node 20.20.2' */
function systemName(): string {
  const report = process.report?.getReport() as { header?: { glibcVersionRuntime?: string } };
  const glibc = report?.header?.glibcVersionRuntime;
  const libc = process.platform === 'linux' ? [glibc ? `glibc ${glibc}` : 'no glibc'] : [];
  return [kPlatform, ...libc, `Node ${process.versions.node}`].join(', ');
}

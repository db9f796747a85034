/**
 * Finds the addon's file: a build of this checkout, else the prebuilt one of this platform. The
 * paths are literals, each in a `try` of its own, so that bundlers see them and bring along what is
 * there. What they do not name (a debug build, another libc or platform) node-gyp-build looks for.
 */

import { join } from 'node:path';
import { FlashDiffError } from './errors.js';

interface Attempt {
  readonly file: string;
  readonly error: Error;
}

const kRoot = join(__dirname, '..');
const kPlatform = `${process.platform}-${process.arch}`;

/** @throws FlashDiffError `ERR_NATIVE_LOAD`, which lists what was tried */
export function loadAddon(): unknown {
  const attempts: Attempt[] = [];
  const failed = (file: string, error: unknown) =>
    attempts.push({ file: join(kRoot, file), error: error as Error });
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
  try {
    return require('node-gyp-build')(kRoot);
  } catch (error) {
    failed('', error);
  }
  throw loadError(attempts);
}

function loadError(attempts: readonly Attempt[]): FlashDiffError {
  const isAbsent = ({ error }: Attempt) =>
    (error as NodeJS.ErrnoException).code !== 'ERR_DLOPEN_FAILED';
  const tried = attempts.map(
    ({ file, error }) => `  ${file}: ${error.message.trim().split('\n')[0]}`,
  );
  const telling = attempts.find((attempt) => !isAbsent(attempt)) ?? attempts.at(-1);
  const advice = attempts.every(isAbsent)
    ? 'Prebuilt addons travel in the package: install flashdiff again, or keep the folder prebuilds ' +
      'beside a bundle. Where none fits, build it in a checkout: npm run build:native'
    : 'The file is there and does not fit this system, which the reason tells: build it in a ' +
      'checkout on this system: npm run build:native';
  return new FlashDiffError(
    'ERR_NATIVE_LOAD',
    `expected an addon that loads on ${systemName()}, got none. Tried:\n${tried.join('\n')}\n` +
      `${advice} (CMake and g++ 12 or newer).`,
    { cause: telling?.error },
  );
}

/** 'linux-x64, glibc 2.36, Node 20.20.2' */
function systemName(): string {
  const report = process.report?.getReport() as { header?: { glibcVersionRuntime?: string } };
  const glibc = report?.header?.glibcVersionRuntime;
  const libc = process.platform === 'linux' ? [glibc ? `glibc ${glibc}` : 'no glibc'] : [];
  return [kPlatform, ...libc, `Node ${process.versions.node}`].join(', ');
}

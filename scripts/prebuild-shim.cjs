#!/usr/bin/env node
// What prebuildify takes for node-gyp: builds with cmake-js instead. Of node-gyp's flags only
// --arch and --debug mean the same there (--target would name a CMake target).
// FLASHDIFF_CMAKE_FLAGS holds what cmake-js gets besides; with FLASHDIFF_PREBUILT=1 build/Release
// holds the addon already.
const { spawnSync } = require('node:child_process');

if (process.env.FLASHDIFF_PREBUILT !== '1') {
  const kept = process.argv.slice(2).filter((flag) => /^--(arch=|debug$)/.test(flag));
  const more = (process.env.FLASHDIFF_CMAKE_FLAGS ?? '').split(' ').filter(Boolean);
  const args = [require.resolve('cmake-js/bin/cmake-js'), 'rebuild', ...kept, ...more];
  const { status, error } = spawnSync(process.execPath, args, { stdio: 'inherit' });
  if (error) throw error;
  process.exitCode = status ?? 1;
}

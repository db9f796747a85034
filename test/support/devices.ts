/** The devices that a suite runs on, for describe.each(devices()). */

import { writeSync } from 'node:fs';
import { inspect } from 'flashdiff';

export type TestDevice = 'cpu' | 'cuda';

/**
 * 'cpu', and 'cuda' where there is one. Where there is none the reason is printed once a file; with
 * FLASHDIFF_REQUIRE_CUDA=1 its absence is a failure.
 */
export function devices(): TestDevice[] {
  const { available, reason } = inspect().cuda;
  if (available) return ['cpu', 'cuda'];
  if (process.env.FLASHDIFF_REQUIRE_CUDA === '1') {
    throw new Error(`FLASHDIFF_REQUIRE_CUDA=1, but CUDA is not available: ${reason}`);
  }
  if (!told) writeSync(2, `CUDA tests skipped: ${reason}\n`);
  told = true;
  return ['cpu'];
}

let told = false;

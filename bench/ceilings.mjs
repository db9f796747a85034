// Builds cpu-ceilings.cc for this machine, and asks it.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Calls `use` with the file of the built program, which is gone afterwards. */
export async function withCeilings(use) {
  const folder = mkdtempSync(join(tmpdir(), 'flashdiff-ceilings-'));
  try {
    const program = join(folder, 'cpu-ceilings');
    const source = fileURLToPath(new URL('cpu-ceilings.cc', import.meta.url));
    const options = ['-std=c++20', '-O3', '-march=native', '-ffp-contract=fast', '-pthread'];
    execFileSync(process.env.CXX ?? 'c++', [...options, source, '-o', program]);
    return await use(program);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** What the program prints; see there for `args`. */
export function runCeilings(program, ...args) {
  return JSON.parse(execFileSync(program, args.map(String), { encoding: 'utf8' }));
}

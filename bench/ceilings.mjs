// Builds cpu-ceilings.cc for this machine: what it can do at most.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * Calls `use` with a function that measures the ceilings of so many threads: { gflops, gbps } and,
 * where the machine has them, gflopsOfBFloat16, each { median, max, min }. Needs a C++ compiler.
 */
export async function withCeilings(use) {
  const folder = mkdtempSync(join(tmpdir(), 'flashdiff-ceilings-'));
  try {
    const program = join(folder, 'cpu-ceilings');
    const source = fileURLToPath(new URL('cpu-ceilings.cc', import.meta.url));
    const options = ['-std=c++20', '-O3', '-march=native', '-ffp-contract=fast', '-pthread'];
    execFileSync(process.env.CXX ?? 'c++', [...options, source, '-o', program]);
    return await use((threads) =>
      JSON.parse(execFileSync(program, [String(threads)], { encoding: 'utf8' })),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}

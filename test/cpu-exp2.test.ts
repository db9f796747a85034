import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'flashdiff';

/** The CPU engine's 2^x, compiled alone, as each instruction set has it. */
const flags: Record<string, string[]> = { baseline: [] };
if (process.arch === 'x64') {
  flags.avx2 = ['-mavx2', '-mfma', '-mf16c'];
  flags.avx512 = [...flags.avx2, '-mavx512f', '-mavx512bw', '-mavx512dq', '-mavx512vl'];
}
const root = join(__dirname, '..');
/** Coprime to every power of two, so that all mantissas take part; 1 is exhaustive, minutes. */
const kStep = process.env.FLASHDIFF_EXHAUSTIVE === '1' ? 1 : 61;

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'flashdiff-exp2-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

test.each(Object.keys(flags).filter((isa) => inspect().cpu.isas.includes(isa)))(
  '2^x is within 2 ulp: %s',
  (isa) => {
    const program = join(folder, isa);
    const compiler = process.env.CXX ?? 'c++';
    const options = ['-std=c++20', '-O2', '-ffp-contract=fast', `-DFLASHDIFF_ISA=${isa}`];
    const include = `-I${join(root, 'cpu/forward')}`;
    const source = join(root, 'test/cpu-exp2.cc');
    execFileSync(compiler, [
      ...options,
      ...(flags[isa] as string[]),
      include,
      source,
      '-o',
      program,
    ]);
    const result = JSON.parse(execFileSync(program, [String(kStep)], { encoding: 'utf8' }));
    expect(result.ulp).toBeLessThanOrEqual(2);
    expect(result).toMatchObject({ ofZero: 1, far: 0, ofMinusInfinity: 0, keepsNaN: true });
  },
  600_000,
);

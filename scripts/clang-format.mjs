// Formats the C++ and CUDA files that git knows, in place; --check reports instead and fails.
import { execFileSync, spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';

const { getNativeBinary } = createRequire(import.meta.url)('clang-format');
const patterns = ['*.h', '*.cc', '*.cu', '*.cuh'];
const files = execFileSync('git', ['ls-files', '--', ...patterns], { encoding: 'utf8' })
  .split('\n')
  .filter((file) => file !== '');

if (files.length > 0) {
  const mode = process.argv.includes('--check') ? ['--dry-run', '--Werror'] : ['-i'];
  const { status, error } = spawnSync(getNativeBinary(), [...mode, ...files], { stdio: 'inherit' });
  if (error) throw error;
  process.exitCode = status ?? 1;
}

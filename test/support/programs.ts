/** Runs the programs of test/fixtures, which need a process of their own. */

import { spawn } from 'node:child_process';
import { join } from 'node:path';

export interface Ending {
  /** null when a signal ended it */
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

export function run(name: string, ...args: string[]): Promise<Ending> {
  const file = join(__dirname, '..', 'fixtures', `${name}.mjs`);
  const child = spawn(process.execPath, ['--expose-gc', file, ...args]);
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
}

/** What a program that must succeed prints as JSON. */
// biome-ignore lint/suspicious/noExplicitAny: each program has a report of its own
export async function report(name: string, ...args: string[]): Promise<any> {
  const ending = await run(name, ...args);
  expect(ending).toMatchObject({ code: 0, signal: null, stderr: '' });
  return JSON.parse(ending.stdout);
}

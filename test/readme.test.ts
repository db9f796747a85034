/** The programs in the README run as they stand. */

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import ts from 'typescript';

const root = dirname(require.resolve('flashdiff/package.json'));
const folder = join(root, 'build/readme'); // inside the package, where its name leads to it
const readme = readFileSync(join(root, 'README.md'), 'utf8');
const programs = [...readme.matchAll(/```ts\n(.*?)```/gs)].map(([, code = '']) => code);

test('there are some', () => expect(programs.length).toBeGreaterThanOrEqual(2));

test.each(programs.map((code, i) => [i, code] as const))(
  'program %i runs',
  (i, code) => {
    const compilerOptions = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 };
    const { outputText } = ts.transpileModule(code, { compilerOptions });
    mkdirSync(folder, { recursive: true });
    const file = join(folder, `${i}.mjs`);
    writeFileSync(file, outputText);
    expect(execFileSync(process.execPath, [file], { encoding: 'utf8' })).toBe('');
  },
  60_000,
);

test('links lead to files', () => {
  const links = [...readme.matchAll(/\]\(([^)#][^)]*)\)|(?:src|srcset)="([^"]+)"/g)];
  const files = links.map(([, link, source]) => link ?? source ?? '');
  for (const file of files.filter((link) => !link.startsWith('https:'))) {
    expect([file, existsSync(join(root, file))]).toEqual([file, true]);
  }
});

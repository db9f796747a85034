/** The programs in the README compile and run as they stand. */

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import ts from 'typescript';

const root = dirname(require.resolve('flashdiff/package.json'));
const folder = join(root, 'build/readme'); // inside the package, where its name leads to it
const readme = readFileSync(join(root, 'README.md'), 'utf8');
const programs = [...readme.matchAll(/```ts\n(.*?)```/gs)].map(([, code = '']) => code);

test('there are some', () => expect(programs.length).toBeGreaterThanOrEqual(2));

/** Files as a reader would have them, in TypeScript, and what the compiler says of them. */
function compiled(): { files: string[]; complaints: string[] } {
  mkdirSync(folder, { recursive: true });
  const sources = programs.map((code, i) => {
    const file = join(folder, `${i}.mts`);
    writeFileSync(file, code);
    return file;
  });
  const program = ts.createProgram(sources, {
    module: ts.ModuleKind.NodeNext,
    target: ts.ScriptTarget.ES2022,
    lib: ['lib.es2022.d.ts', 'lib.esnext.disposable.d.ts'],
    types: ['node'],
    strict: true,
  });
  const complaints = ts.getPreEmitDiagnostics(program).map(({ file, messageText }) => {
    const text = ts.flattenDiagnosticMessageText(messageText, ' ');
    return `${file?.fileName}: ${text}`;
  });
  program.emit();
  return { files: sources.map((file) => file.replace('.mts', '.mjs')), complaints };
}

describe('the programs', () => {
  let result: ReturnType<typeof compiled>;
  beforeAll(() => {
    result = compiled();
  }, 60_000);

  test('are right by their types', () => expect(result.complaints).toEqual([]));

  test.each(programs.map((_, i) => i))(
    '%i runs',
    (i) => {
      const file = result.files[i] as string;
      expect(execFileSync(process.execPath, [file], { encoding: 'utf8' })).toBe('');
    },
    60_000,
  );
});

test('links lead to files', () => {
  const links = [...readme.matchAll(/\]\(([^)#][^)]*)\)|(?:src|srcset)="([^"]+)"/g)];
  const files = links.map(([, link, source]) => link ?? source ?? '');
  for (const file of files.filter((link) => !link.startsWith('https:'))) {
    expect([file, existsSync(join(root, file))]).toEqual([file, true]);
  }
});

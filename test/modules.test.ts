/**
 * How the package loads: by import and require, in worker threads, in jest's realm, and not at all.
 */

import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { FlashDiffError, Tensor } from 'flashdiff';

const root = dirname(require.resolve('flashdiff/package.json'));

function runModule(source: string, cwd = root): unknown {
  const args = ['--input-type=module', '--eval', source];
  return JSON.parse(execFileSync(process.execPath, args, { cwd, encoding: 'utf8' }));
}

test('import and require see the same names and classes', () => {
  const result = runModule(`
    import { createRequire } from 'node:module';
    import * as esm from 'flashdiff';
    import * as esmReference from 'flashdiff/reference';
    const require = createRequire(process.cwd() + '/');
    const compare = (a, b) => Object.keys(b).map((name) => [name, a[name] === b[name]]);
    console.log(JSON.stringify({
      main: compare(esm, require('flashdiff')),
      reference: compare(esmReference, require('flashdiff/reference')),
    }));
  `) as Record<string, [string, boolean][]>;
  for (const entries of [result.main, result.reference]) {
    expect(entries?.length).toBeGreaterThan(0);
    for (const entry of entries ?? []) expect(entry).toEqual([entry[0], true]);
  }
});

test('a tensor of require is one for import', () => {
  const shape = runModule(`
    import { createRequire } from 'node:module';
    import { diffAttention } from 'flashdiff';
    const { Tensor } = createRequire(process.cwd() + '/')('flashdiff');
    const [q, k, v] = [[1, 3, 2, 4], [1, 3, 2, 4], [1, 3, 1, 8]].map((shape) => Tensor.empty(shape));
    console.log(JSON.stringify(diffAttention(q, k, v, { lambda: 1 }).shape));
  `);
  expect(shape).toEqual([1, 3, 1, 8]);
});

test('worker threads load it too, several at once', () => {
  const sums = runModule(`
    import { Worker } from 'node:worker_threads';
    import { Tensor } from 'flashdiff';
    const source = \`
      const { parentPort, workerData } = require('node:worker_threads');
      const { Tensor } = require('flashdiff');
      Tensor.from([workerData, 1]).data().then((data) => parentPort.postMessage(data[0] + data[1]));
    \`;
    const run = (workerData) => new Promise((resolve, reject) => {
      new Worker(source, { eval: true, execArgv: [], workerData }).on('message', resolve).on('error', reject);
    });
    const sums = await Promise.all([1, 2, 3].map(run));
    console.log(JSON.stringify([...sums, ...(await Tensor.from([7]).data())]));
  `);
  expect(sums).toEqual([2, 3, 4, 7]);
});

test('the environment is what it was when the addon was loaded', () => {
  const seen = runModule(`
    import { inspect, Tensor } from 'flashdiff';
    process.env.FLASHDIFF_NUM_THREADS = '1';
    delete process.env.FLASHDIFF_CPU_ISA;
    Tensor.empty([1]);
    process.env.FLASHDIFF_CPU_ISA = 'baseline';
    const { environment, cpu } = inspect();
    console.log(JSON.stringify([environment, cpu.threads]));
  `);
  expect(seen).toEqual([{ FLASHDIFF_NUM_THREADS: '1' }, 1]);
});

describe('in the realm of the caller', () => {
  const caught = (call: () => unknown): unknown => {
    try {
      return call();
    } catch (error) {
      return error;
    }
  };

  test('errors are of its classes', async () => {
    const tensor = Tensor.from([1]);
    tensor.dispose();
    expect(caught(() => Tensor.from(7 as never)) instanceof TypeError).toBe(true);
    expect(caught(() => Tensor.empty([-1])) instanceof RangeError).toBe(true);
    expect(caught(() => tensor.dataSync()) instanceof FlashDiffError).toBe(true);
    const rejection = await tensor.data().catch((error: unknown) => error);
    expect(rejection instanceof FlashDiffError && rejection instanceof Error).toBe(true);
  });

  test('an allocation that no machine has is one of them', async () => {
    const error = await Tensor.empty([2 ** 25, 2 ** 25])
      .data()
      .catch((e: unknown) => e);
    expect(error instanceof FlashDiffError).toBe(true);
  });

  test('promises and arrays are of its classes', async () => {
    const pending = Tensor.from([1]).data();
    expect(pending instanceof Promise).toBe(true);
    expect((await pending) instanceof Float32Array).toBe(true);
  });
});

describe('without the addon', () => {
  const folder = mkdtempSync(join(tmpdir(), 'flashdiff-'));
  const installed = join(folder, 'node_modules');
  beforeAll(() => {
    for (const part of ['package.json', 'dist', 'node_modules/node-gyp-build']) {
      cpSync(join(root, part), join(installed, 'flashdiff', part), { recursive: true });
    }
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  /** `first` runs before the package is imported. */
  const loadError = (first = '') => {
    const error = runModule(
      `${first}
      const { FlashDiffError, inspect, lambdaInit } = await import('flashdiff');
      lambdaInit(0);
      try {
        inspect();
      } catch (error) {
        const { code, message, cause } = error;
        const isOurs = error instanceof FlashDiffError;
        console.log(JSON.stringify({ isOurs, code, message, cause: cause.message }));
      }`,
      folder,
    ) as Record<'message' | 'cause', string>;
    expect(error).toMatchObject({ isOurs: true, code: 'ERR_NATIVE_LOAD' });
    expect(error.message).toContain(error.cause.split('\n')[0]);
    expect(error.message).not.toContain('node-gyp-build');
    return error;
  };
  const prebuild = join('prebuilds', `${process.platform}-${process.arch}`, 'flashdiff.glibc.node');
  const withFile = (file: string, check: (path: string) => void) => {
    const path = join(installed, 'flashdiff', file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, 'for another machine');
    try {
      check(path);
    } finally {
      rmSync(path);
    }
  };

  test('loading says what was tried and what to do', () => {
    const { message, cause } = loadError();
    expect(message).toContain(join(installed, 'flashdiff', 'build', 'Release'));
    expect(message).toContain(join(installed, 'flashdiff', prebuild));
    expect(message).toContain('install flashdiff again');
    expect(message).toContain('npm run build:native');
    expect(cause).toContain(prebuild);
  });

  test('loading tells a file that does not fit from one that is not there', () => {
    withFile(prebuild, (path) => {
      const { message, cause } = loadError();
      expect(message).toContain('A file is there and does not load here');
      expect(message.split(path)).toHaveLength(3); // as what was tried, and in the reason
      expect(cause).toContain(path);
    });
  });

  test('an addon that throws is there', () => {
    withFile(prebuild, () => {
      const { message, cause } = loadError(`
        const { default: { _extensions } } = await import('node:module');
        _extensions['.node'] = () => { throw new Error('no thread could start'); };
      `);
      expect(message).toContain('A file is there and does not load here');
      expect(cause).toBe('no thread could start');
    });
  });

  test('a build of another kind is found', () => {
    withFile(join('build', 'Debug', 'flashdiff.node'), (path) => {
      expect(loadError().cause).toContain(path);
    });
  });

  test('where it cannot be built, nobody is told to build it', () => {
    const { message } = loadError(
      `Object.defineProperty(process, 'platform', { value: 'darwin' });`,
    );
    expect(message).toContain(`expected an addon that loads on darwin-${process.arch}`);
    expect(message).toContain('for Linux alone');
    expect(message).not.toContain('build:native');
  });

  test('the reference works all the same', () => {
    const names = runModule(
      `import('flashdiff/reference').then((m) => console.log(JSON.stringify(Object.keys(m))));`,
      folder,
    );
    expect(names).toContain('diffAttention');
  });
});

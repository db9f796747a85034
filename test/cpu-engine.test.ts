import { execFile } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { inspect } from 'flashdiff';
import { groups } from '../dist/verify/cases.js';
import { type EngineReport, inParallel, runEngine } from '../dist/verify/run.js';

const fixture = (name: string) => join(__dirname, 'fixtures', name);

async function run(environment: Record<string, string>, ...args: string[]) {
  const env = { ...process.env, ...environment };
  const { stdout } = await promisify(execFile)(process.execPath, args, { env });
  return stdout;
}

const table = groups.flatMap(({ cases }) => cases);
/** Every `step`-th problem of the table. */
const some = (step: number) => table.filter((_, index) => index % step === 0);
/** So many keys and so few rows that the last blocks of the threads are cut along the keys. */
const cut = [
  {},
  { causal: true } as const,
  { window: [700, 500] as [number, number], sinks: 7 },
  { causal: true, window: [900, 0] as [number, number], sinks: 3 } as const,
].flatMap((mask) =>
  table.slice(0, 6).map((any) => ({ ...any, seqlenQ: 301, seqlenK: 2222, headDim: 64, mask })),
);

const engine = (environment: Record<string, string>) => ({
  name: 'cpu',
  device: 'cpu' as const,
  environment,
  hardware: '',
});

// The one that this machine prefers passes it in cases.test.ts.
describe('every other instruction set passes the whole table', () => {
  const { isa: preferred, isas } = inspect().cpu;
  const others = isas.filter((isa) => isa !== preferred);
  const reports = new Map<string, EngineReport>();
  beforeAll(async () => {
    await inParallel(others, availableParallelism(), async (isa) => {
      reports.set(isa, await runEngine(engine({ FLASHDIFF_CPU_ISA: isa }), table, () => {}));
    });
  }, 900_000);

  test.each(others)('%s', async (isa) => {
    const inspected = await run({ FLASHDIFF_CPU_ISA: isa }, '-p', kInspect);
    expect(JSON.parse(inspected).isa).toBe(isa);
    expect(reports.get(isa)).toMatchObject({ right: table.length, refused: 0, failures: [] });
  });
});

const kInspect = "JSON.stringify(require('flashdiff').inspect().cpu)";

describe('threads', () => {
  test.each([1, 2, 5, 16])(
    '%i of them pass the table',
    async (threads) => {
      const environment = { FLASHDIFF_NUM_THREADS: String(threads) };
      expect(JSON.parse(await run(environment, '-p', kInspect)).threads).toBe(threads);
      const cases = [...some(25), ...cut];
      const report = await runEngine(engine(environment), cases, () => {});
      expect(report.failures).toEqual([]);
      expect(report.right).toBe(cases.length);
    },
    300_000,
  );

  test('start when there is work for them, and no more than asked for', async () => {
    const counts = await run({ FLASHDIFF_NUM_THREADS: '4' }, fixture('cpu-threads.mjs'), '3');
    const { afterSmall, afterLarge } = JSON.parse(counts);
    expect({ afterSmall, afterLarge }).toEqual({ afterSmall: 0, afterLarge: 3 });
  });

  test('hold at most 4 MiB each beyond inputs and outputs, at 65,536 keys', async () => {
    const threads = 2;
    const environment = { FLASHDIFF_NUM_THREADS: String(threads) };
    const { growth } = JSON.parse(await run(environment, fixture('cpu-memory.mjs')));
    expect(growth / threads).toBeLessThanOrEqual(4 * 2 ** 20);
  }, 120_000);
});

describe('a variable that says nothing sensible is refused', () => {
  test.each([
    ['FLASHDIFF_CPU_ISA', 'sse9', /FLASHDIFF_CPU_ISA.*(avx2|baseline).*got 'sse9'/],
    ['FLASHDIFF_NUM_THREADS', '0', /FLASHDIFF_NUM_THREADS.*1 to 1024, got '0'/],
    ['FLASHDIFF_NUM_THREADS', '2.5', /FLASHDIFF_NUM_THREADS.*1 to 1024, got '2.5'/],
    ['FLASHDIFF_NUM_THREADS', 'many', /FLASHDIFF_NUM_THREADS.*1 to 1024, got 'many'/],
  ])('%s=%s', async (name, value, sentence) => {
    const code =
      "try { require('flashdiff').Tensor.from(new Float32Array(4)).dataSync(); '' }" +
      ' catch (error) { String(error) }';
    expect(await run({ [name]: value }, '-p', code)).toMatch(sentence);
  });
});

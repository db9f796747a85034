/** `flashdiff verify` */

import { writeFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { inspect } from '../index.js';
import type { Case } from '../verify/cases.js';
import { type Engine, enginesOf } from '../verify/engines.js';
import { type EngineReport, inParallel, runEngine } from '../verify/run.js';
import { caseOf, chosenCases, type Extent } from '../verify/table.js';
import { command, UsageError } from './command.js';
import { expectWritable, readInteger, readList } from './read.js';
import { columns, painter, progressBar } from './terminal.js';

const kShownFailures = 10;

export const verifyCommand = command({
  summary:
    'Runs generated problems on every engine and kernel of this machine and holds each result\n' +
    'to the float64 reference: the largest error may be twice that of the plain unfused\n' +
    'computation in the same precision, plus its rounding floor. Exit code 1 on failure.',
  details: 'engines: as `flashdiff verify --list` names them\n',
  flags: {
    quick: { help: 'about 70 problems an engine instead of about 220' },
    all: { help: 'the whole table, about 1,500 problems an engine' },
    engine: { value: 'NAMES', help: 'only these, such as cpu:avx2,cuda:0:generic' },
    case: { value: 'NUMBER', help: 'only this problem of the table' },
    list: { help: 'name the engines and end' },
    json: { value: 'FILE', help: 'write the outcome' },
  },
  async run(flags) {
    if (flags.quick && flags.all) throw new UsageError('expected --quick or --all, got both');
    if (flags.json) expectWritable(flags.json);
    const cases = readCases(flags.quick ? 'quick' : flags.all ? 'all' : 'standard', flags.case);
    const inspection = inspect();
    const processor = cpus()[0]?.model.trim() ?? process.arch;
    const engines = chooseEngines(enginesOf(inspection, processor), flags.engine);
    if (flags.list) {
      for (const { name, hardware } of engines) console.log(`${name}  ${hardware}`);
      return 0;
    }
    if (!inspection.cuda.available) console.log(`CUDA is not verified: ${inspection.cuda.reason}`);
    const reports = await verify(engines, cases);
    if (flags.json) writeFileSync(flags.json, `${JSON.stringify(reports, null, 2)}\n`);
    return printReports(reports, inspection.version);
  },
});

function readCases(extent: Extent, number: string | undefined): Case[] {
  if (number === undefined) return chosenCases(extent);
  const found = caseOf(readInteger('case', number, 1));
  if (!found) throw new UsageError(`expected a problem of the table for --case, got '${number}'`);
  return [found];
}

function chooseEngines(engines: readonly Engine[], names: string | undefined): readonly Engine[] {
  if (names === undefined) return engines;
  return readList(names).map((name) => {
    const engine = engines.find((candidate) => candidate.name === name);
    if (engine) return engine;
    const known = engines.map((candidate) => candidate.name).join(', ');
    throw new UsageError(`expected ${known} for --engine, got '${name}'`);
  });
}

async function verify(engines: readonly Engine[], cases: readonly Case[]): Promise<EngineReport[]> {
  const progress = progressBar();
  const total = engines.length * cases.length;
  let done = 0;
  try {
    return await inParallel(engines, availableParallelism(), (engine) =>
      runEngine(engine, cases, ({ name }) => {
        done += 1;
        progress.show(done, total, `${engine.name}  ${name}`);
      }),
    );
  } finally {
    progress.clear();
  }
}

function printReports(reports: readonly EngineReport[], version: string): number {
  const paint = painter(process.stdout);
  const rows = reports.map(({ engine, right, refused, share, seconds, failures }) => [
    engine,
    String(right),
    String(refused),
    String(failures.length),
    `${(share * 100).toFixed(0)} %`,
    `${seconds.toFixed(1)} s`,
  ]);
  const head = ['engine', 'right', 'not covered', 'wrong', 'largest error of its limit', 'time'];
  console.log(columns(head, rows));
  for (const { engine, failures } of reports) {
    for (const { seed, name, message } of failures.slice(0, kShownFailures)) {
      console.log(`\n${paint('red', 'wrong')}: ${engine} ${name}\n${message}`);
      console.log(`again: flashdiff verify --engine ${engine} --case ${seed}`);
    }
    const more = failures.length - kShownFailures;
    if (more > 0) console.log(`and ${more} more on ${engine}`);
  }
  const wrong = reports.filter(({ failures }) => failures.length > 0);
  const checked = reports.reduce((sum, { right }) => sum + right, 0);
  if (wrong.length === 0 && checked > 0) {
    const engines = reports.map(({ engine }) => engine).join(', ');
    const verdict = paint('green', 'verified');
    console.log(`\n${verdict}: flashdiff ${version} computes right here on ${engines}`);
    return 0;
  }
  const engines = wrong.map(({ engine }) => engine).join(', ') || 'any engine: nothing was checked';
  console.log(
    `\n${paint('red', 'FAILED')}: flashdiff ${version} does not compute right on ${engines}`,
  );
  return 1;
}

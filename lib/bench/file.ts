/** What a benchmark leaves: its series with the machine and the versions that they are of. */

import { cpus, release, totalmem } from 'node:os';
import { inspect } from '../index.js';
import type { Inspection } from '../inspect.js';
import { type BenchFile, kFormat } from './result.js';
import type { Outcome } from './run.js';

export function benchFile(command: string, outcomes: readonly Outcome[]): BenchFile {
  const { versions, ...origin } = originOf(command);
  const others = Object.assign({}, ...outcomes.map((outcome) => outcome.versions));
  return {
    format: kFormat,
    ...origin,
    versions: { ...versions, ...others },
    series: outcomes.map((outcome) => outcome.series),
  };
}

/** When, by which command and on what figures were measured. */
export function originOf(command: string): Omit<BenchFile, 'format' | 'series'> {
  const machine = inspect();
  return {
    date: new Date().toISOString(),
    command: [...forced(), command.trim()].join(' '),
    machine: machineOf(machine),
    versions: { flashdiff: machine.version, 'Node.js': process.versions.node },
  };
}

/** What variables of the environment chose, as a shell takes it. */
function forced(): string[] {
  return Object.entries(process.env)
    .filter(([name]) => name.startsWith('FLASHDIFF_'))
    .map(([name, value]) => `${name}=${value}`)
    .sort();
}

function machineOf({ cpu, cuda }: Inspection): Record<string, string> {
  const processors = cpus();
  const gpus = cuda.devices.map(
    ({ name, multiprocessors, memory, computeCapability }) =>
      `${name}, compute capability ${computeCapability}, ${multiprocessors} SMs, ` +
      `${(memory / 2 ** 30).toFixed(0)} GiB`,
  );
  return {
    Processor: `${processors[0]?.model.trim() ?? process.arch}, ${processors.length} threads`,
    'CPU engine': `${cpu.isa}, ${cpu.threads} threads`,
    Memory: `${(totalmem() / 2 ** 30).toFixed(0)} GiB`,
    GPU: gpus.join('; ') || `none: ${cuda.reason}`,
    'CUDA driver': cuda.driver || 'none',
    'CUDA runtime': cuda.runtime || 'built without',
    System: `${process.platform} ${release()}, ${process.arch}`,
  };
}

/** `flashdiff inspect` */

import { cpus } from 'node:os';
import { inspect } from '../index.js';
import type { CudaDeviceInspection, Inspection } from '../inspect.js';
import { type Advice, adviceFor, type Surroundings, surroundings } from './advice.js';
import { command, table } from './command.js';
import { painter } from './terminal.js';

export const inspectCommand = command({
  summary: 'Tells what this machine runs and why, and for each thing missing what would bring it.',
  details: '',
  flags: { json: { help: 'the same as JSON' } },
  async run({ json }) {
    const inspection = inspect();
    const around = surroundings();
    const advice = adviceFor(inspection, around);
    const text = json
      ? JSON.stringify({ ...inspection, surroundings: around, missing: advice }, null, 2)
      : describe(inspection, around, advice);
    console.log(text);
    return 0;
  },
});

function describe(inspection: Inspection, around: Surroundings, advice: readonly Advice[]): string {
  const paint = painter(process.stdout);
  const { version, cpu, cuda, environment } = inspection;
  const forced = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
  const head: [string, string][] = [
    ['flashdiff', version],
    ['Node', `${process.versions.node}, ${process.platform}-${process.arch}`],
    ['environment', forced.join(' ') || 'nothing forced'],
  ];
  const processor: [string, string][] = [
    ['processor', cpus()[0]?.model.trim() || around.arch],
    ['engine', cpu.isa],
    ['can run', cpu.isas.join(', ')],
    ['threads', `${cpu.threads} of ${around.cores}`],
  ];
  const gpu: [string, string][] = [
    ['available', cuda.available ? 'yes' : `no: ${cuda.reason}`],
    ['driver', cuda.driver === '' ? 'none' : `CUDA ${cuda.driver}`],
    ['built with', cuda.runtime === '' ? 'no CUDA' : `CUDA ${cuda.runtime}`],
    ...cuda.devices.map((device, i): [string, string] => [`cuda:${i}`, describeDevice(device)]),
  ];
  const missing = advice.map(({ missing, bring }): [string, string] => [missing, `← ${bring}`]);
  return [
    table(head),
    `${paint('bold', 'CPU')}\n${table(processor)}`,
    `${paint('bold', 'CUDA')}\n${table(gpu)}`,
    missing.length
      ? `${paint('bold', 'Missing, and what would bring it')}\n${table(missing)}`
      : 'Nothing is missing.\n',
  ]
    .join('\n')
    .trimEnd();
}

function describeDevice(device: CudaDeviceInspection): string {
  const { name, computeCapability, multiprocessors, memory, kernels } = device;
  const size = `${(memory / 2 ** 30).toFixed(0)} GiB`;
  return (
    `${name}, compute capability ${computeCapability}, ${multiprocessors} SMs, ${size}\n` +
    `kernels: ${kernels.join(', ') || 'none'}`
  );
}

/** One benchmark on one device, peers first, so that ours runs on a warm machine too. */

import type { DType } from '../dtype.js';
import { inspect } from '../index.js';
import type { Inspection } from '../inspect.js';
import { normalTable } from './data.js';
import { measureOnnxruntime } from './onnxruntime.js';
import { measureOurs, operandsOf, type Setting } from './ours.js';
import type { Peers } from './peers.js';
import { measurePytorch } from './pytorch.js';
import type { Measurement, Series } from './result.js';
import { labelOf, type Mask, maskName, type Shape } from './shape.js';

export interface Plan {
  readonly device: 'cpu' | 'cuda';
  readonly dtype: DType;
  readonly shapes: readonly Shape[];
  readonly masks: readonly Mask[];
  readonly runs: number;
  readonly peers: boolean;
}

export interface Watcher {
  /** A step begins. */
  step(done: number, total: number, what: string): void;
  /** Something is left out, and why. */
  note(sentence: string): void;
}

export interface Outcome {
  readonly series: Series;
  readonly versions: Readonly<Record<string, string>>;
}

const kAlone: Peers = { versions: {}, ceilings: {}, contenders: () => [] };

export async function runBench(plan: Plan, watcher: Watcher): Promise<Outcome> {
  const { device, dtype, shapes, masks, runs } = plan;
  const machine = inspect();
  const setting: Setting = { device, dtype, runs, table: normalTable() };
  const total = shapes.length * masks.length;
  watcher.step(0, total, plan.peers ? `peers on ${device}` : device);
  const peers = plan.peers ? await measurePeers(plan, setting.table, machine, watcher) : kAlone;

  const measurements: Measurement[] = [];
  for (const shape of shapes) {
    const operands = operandsOf(shape, setting);
    for (const mask of masks) {
      const what = `${device} ${labelOf(shape)} ${maskName(mask)}`;
      watcher.step(measurements.length, total, what);
      const ours = await measureOurs(shape, mask, operands, setting);
      measurements.push({ shape, mask, contenders: [...ours, ...peers.contenders(shape, mask)] });
    }
    for (const tensor of operands) tensor.dispose();
  }
  const hardware = hardwareOf(machine, device);
  const { ceilings, versions } = peers;
  return { series: { device, dtype, hardware, ceilings, measurements }, versions };
}

async function measurePeers(
  { device, shapes, masks, runs, dtype }: Plan,
  table: Uint16Array,
  { cpu }: Inspection,
  watcher: Watcher,
): Promise<Peers> {
  try {
    if (device === 'cuda') return await measurePytorch(shapes, masks, { dtype, runs, table });
    if (dtype === 'float32') {
      return await measureOnnxruntime(shapes, masks, { runs, table, threads: cpu.threads });
    }
    watcher.note(`no peers on the CPU in ${dtype}: onnxruntime has float32 alone`);
  } catch (error) {
    const [reason] = (error as Error).message.split('\n');
    watcher.note(`peers on ${device} left out: ${reason}`);
  }
  return kAlone;
}

function hardwareOf({ cpu, cuda }: Inspection, device: 'cpu' | 'cuda'): string {
  if (device === 'cpu') return `${cpu.isa}, ${cpu.threads} threads`;
  const [gpu] = cuda.devices;
  return gpu ? `${gpu.name}, ${gpu.kernels.join(' and ')} kernels` : '';
}

/** The flags of `bench` that say what is measured. */

import type { Plan } from '../bench/run.js';
import { kDefaultShapes, type Mask, parseShape, type Shape } from '../bench/shape.js';
import { type DType, kDTypes } from '../dtype.js';
import type { Inspection } from '../inspect.js';
import { UsageError } from './command.js';
import { readInteger, readList, readWord } from './read.js';

export interface PlanFlags {
  readonly device: string | undefined;
  readonly shape: string | undefined;
  readonly mask: string | undefined;
  readonly dtype: string | undefined;
  readonly runs: string | undefined;
  readonly peers: boolean;
  readonly quick: boolean;
}

const kQuick = { shapes: '1x4x128x64,1x4x256x64', runs: 3 };
const kRuns = 20;

/** One a device. */
export function readPlans(flags: PlanFlags, { cuda }: Inspection): Plan[] {
  const devices = readDevices(flags.device, cuda);
  const text = flags.shape ?? (flags.quick ? kQuick.shapes : undefined);
  const shapes = text === undefined ? undefined : readList(text).map(readShape);
  const masks = readList(flags.mask ?? 'full,causal').map(readMask);
  const dtype = flags.dtype === undefined ? undefined : readWord('dtype', flags.dtype, kDTypes);
  if (dtype === 'float32' && devices.includes('cuda')) {
    throw new UsageError('expected float16 or bfloat16 for --dtype on CUDA, got float32');
  }
  const fewest = flags.quick ? kQuick.runs : kRuns;
  const runs = flags.runs === undefined ? fewest : readInteger('runs', flags.runs, 1);
  return devices.map((device) => ({
    device,
    dtype: dtype ?? defaultDType(device),
    shapes: shapes ?? kDefaultShapes[device],
    masks,
    runs,
    peers: flags.peers,
  }));
}

function readDevices(list: string | undefined, cuda: Inspection['cuda']): ('cpu' | 'cuda')[] {
  if (list === undefined) return cuda.available ? ['cpu', 'cuda'] : ['cpu'];
  const devices = readList(list).map((name) => readWord('device', name, ['cpu', 'cuda'] as const));
  if (devices.includes('cuda') && !cuda.available) {
    throw new Error(`expected a CUDA device for --device cuda, but ${cuda.reason}`);
  }
  return devices;
}

function defaultDType(device: 'cpu' | 'cuda'): DType {
  return device === 'cuda' ? 'bfloat16' : 'float32';
}

function readShape(text: string): Shape {
  const shape = parseShape(text);
  if (shape) return shape;
  throw new UsageError(`expected shapes such as 1x8x2048x64 for --shape, got '${text}'`);
}

function readMask(text: string): Mask {
  if (text === 'full' || text === 'causal') return { causal: text === 'causal' };
  const window = /^window:(\d+)$/.exec(text);
  if (window) return { causal: true, left: Number(window[1]) };
  throw new UsageError(`expected full, causal or window:N for --mask, got '${text}'`);
}

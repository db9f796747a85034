/** Names of devices, and whether this machine has them. */

import type { DeviceIndex, Inspection } from '../binding.js';
import { FlashDiffError, outOfRange, wrongKind } from './errors.js';
import { native } from './native.js';

/** `'cuda'` is the first CUDA device, the same as `'cuda:0'`. */
export type Device = 'cpu' | 'cuda' | `cuda:${number}`;

const kCpu: DeviceIndex = -1;
const kExpected = "'cpu', 'cuda' or 'cuda:N'";

let cuda: Inspection['cuda'] | undefined;

export function readDevice(name: string, value: unknown): DeviceIndex {
  if (value === 'cpu') return kCpu;
  if (typeof value !== 'string') throw wrongKind(kExpected, name, value);
  const match = /^cuda(?::(0|[1-9]\d*))?$/.exec(value);
  if (match === null) throw outOfRange(kExpected, name, value);

  const index = Number(match[1] ?? 0);
  cuda ??= native().inspect().cuda;
  const count = cuda.devices.length;
  if (!cuda.available || index >= count) {
    const has = count === 1 ? "one CUDA device, 'cuda'" : `CUDA devices up to 'cuda:${count - 1}'`;
    const reason = cuda.available ? `this machine has ${has}` : cuda.reason;
    throw new FlashDiffError(
      'ERR_CUDA_UNAVAILABLE',
      `expected an available device for \`${name}\`, got '${value}': ${reason}`,
    );
  }
  return index;
}

export function deviceName(index: DeviceIndex): Device {
  if (index === kCpu) return 'cpu';
  return index === 0 ? 'cuda' : `cuda:${index}`;
}

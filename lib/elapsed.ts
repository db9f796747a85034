/** Device time. */

import { type Device, readDevice } from './device.js';
import { wrongKind } from './errors.js';
import { native, settled } from './native.js';

/**
 * Milliseconds of device time of the work that `fn` enqueues: by CUDA events on CUDA, by the clock
 * of the queue's thread on the CPU. Work that others enqueue on the device meanwhile counts too,
 * which can happen only while an async `fn` waits.
 *
 * @returns rejects with what `fn` throws, or with the failure of the device
 */
export async function elapsed(device: Device, fn: () => unknown): Promise<number> {
  const index = readDevice('device', device);
  if (typeof fn !== 'function') throw wrongKind('a function', 'fn', fn);
  const timer = native().startTimer(index);
  const result = fn();
  if (isThenable(result)) await result;
  const [milliseconds] = await settled<[number]>((done) => {
    native().stopTimer(timer, done);
    return false;
  });
  return milliseconds;
}

function isThenable(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'then' in value;
}

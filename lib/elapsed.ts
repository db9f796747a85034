/** Device time. */

import { type Device, readDevice } from './device.js';
import { wrongKind } from './errors.js';
import { native, settled } from './native.js';

/**
 * Milliseconds of device time between two marks in a device's queue, one before and one behind the
 * work that `fn` enqueues: by CUDA events on CUDA, by the clock of the queue's thread on the CPU.
 *
 * All that lies between the marks counts: time in which the queue is idle because `fn` has enqueued
 * nothing yet, and the work of others. A device is the whole process's, so other worker threads may
 * put theirs there at any time, and other code of this thread while an async `fn` waits.
 *
 * @returns rejects with what `fn` throws, and with the first cause when work between the marks
 *   failed: `ERR_OUT_OF_MEMORY`, `ERR_DEVICE`
 * @throws TypeError, RangeError, FlashDiffError `ERR_CUDA_UNAVAILABLE` (rejections) for a device or
 *   function that is none
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

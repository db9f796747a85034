/**
 * The addon, loaded here alone. Behind it every error is of this realm and of the classes that
 * users see; the addon's own are plain errors with a `code`.
 */

import type { Binding, Failure } from '../binding.js';
import { loadAddon } from './addon.js';
import { readEnvironment } from './environment.js';
import { FlashDiffError, type FlashDiffErrorCode } from './errors.js';

type Calls = Omit<Binding, 'Storage' | 'Timer'>;

let calls: Calls | undefined;

/**
 * The addon's functions, loaded by the first call: a module that throws while it is imported cannot
 * be caught by every version of Node.
 */
export function native(): Calls {
  if (calls === undefined) {
    readEnvironment();
    calls = guard(loadAddon() as Calls);
  }
  return calls;
}

/** The same functions, throwing what users see. */
function guard(calls: Calls): Calls {
  const guarded = Object.entries(calls).map(([name, call]) => [
    name,
    (...args: unknown[]) => {
      try {
        return (call as (...args: unknown[]) => unknown)(...args);
      } catch (error) {
        throw isFailure(error) ? toError(error) : error;
      }
    },
  ]);
  return Object.fromEntries(guarded) as Calls;
}

function isFailure(error: unknown): error is Failure {
  return typeof error === 'object' && error !== null && 'code' in error && 'message' in error;
}

/** The error that users see for a failure that the addon reports. */
function toError({ code, message }: Failure): Error {
  if (code === 'ERR_INVALID_ARG_TYPE') return new TypeError(message);
  if (code === 'ERR_OUT_OF_RANGE') return new RangeError(message);
  return new FlashDiffError(code as FlashDiffErrorCode, message);
}

/**
 * Turns a call with a `done` callback into a promise. A rejection carries the stack of the caller,
 * who is long gone when the failure shows.
 *
 * @param start begins the work; true when it is done already and `done` will not be called
 */
export function settled<T extends unknown[]>(
  start: (done: (failure: Failure | null, ...results: T) => void) => boolean,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const trace: { stack?: string } = {};
    const ready = start((failure, ...results) => {
      if (failure === null) return resolve(results);
      const error = toError(failure);
      error.stack = `${error.name}: ${error.message}${trace.stack?.replace(/^.*/, '') ?? ''}`;
      reject(error);
    });
    if (ready) resolve([] as unknown as T);
    else Error.captureStackTrace(trace, settled);
  });
}

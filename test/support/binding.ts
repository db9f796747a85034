/** What the tests of the addon itself share: values to refuse, and errors held to their form. */

import { types } from 'node:util';
import type { Binding, DType } from '../../binding.js';

// biome-ignore lint/suspicious/noExplicitAny: bad values are the point
export type Anything = any;
export type Row = [name: string, call: () => unknown, code: string, argument?: string | undefined];

export const native: Binding = require('../../build/Release/flashdiff.node');

export const KIND = 'ERR_INVALID_ARG_TYPE';
export const RANGE = 'ERR_OUT_OF_RANGE';
export const GONE = 'ERR_DISPOSED';
export const CPU = -1;

export const zeros = (count: number, dtype: DType = 'float32') => native.zeros(CPU, dtype, count);
export const released = (count: number) => {
  const storage = zeros(count);
  native.release(storage);
  return storage;
};

/** What every kind of argument must refuse, whatever it is for. */
export const notNumbers = [undefined, null, '1', true, {}, [1], 1n];
export const notCounts = [NaN, 0.5, -1, Infinity, -Infinity, 2 ** 53, 1e300];
export const notStorages = [undefined, null, 1, {}, [], new Float32Array(4), native];
export const notBytes = [undefined, null, 1, 'ab', {}, [0, 0], new ArrayBuffer(8)];
export const notFunctions = [undefined, null, 1, {}];
export const notDTypes = [undefined, null, 32, {}];

/** `name` is a function and, where one argument is at fault, that argument. */
export function rows(
  name: string,
  values: readonly unknown[],
  code: string,
  call: Anything,
): Row[] {
  const [, argument] = name.split(' ');
  return values.map((value) => [`${name}: ${show(value)}`, () => call(value), code, argument]);
}

function show(value: unknown): string {
  if (typeof value === 'bigint') return `${value}n`;
  if (value === native) return 'the binding';
  return typeof value === 'object' && value !== null
    ? `${value.constructor.name} ${JSON.stringify(value)}`
    : String(value);
}

const classes: Record<string, string> = { [KIND]: 'TypeError', [RANGE]: 'RangeError' };
const kSentence = /^expected .+ for `(\w+)`, got \S.*$/;

export function failureOf(call: () => unknown): Anything {
  try {
    call();
  } catch (error) {
    return error;
  }
  throw new Error('expected an error, got none');
}

/**
 * What is wrong in kind, or no number, names the argument; a wrong size may show in another that it
 * belongs to.
 */
export function expectFailure(call: () => unknown, code: string, argument?: string): void {
  const failure = failureOf(call);
  expect(types.isNativeError(failure)).toBe(true);
  expect([failure.constructor.name, failure.code]).toEqual([classes[code] ?? 'Error', code]);
  expect(failure.message).toMatch(kSentence);
  const [, named] = kSentence.exec(failure.message) ?? [];
  if (argument && (code === KIND || / got NaN$/.test(failure.message))) {
    expect(named).toBe(argument);
  }
}

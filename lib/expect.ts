/** One check a function: the value, of the kind that was asked for, or an error that names it. */

import { describe, outOfRange, wrongKind } from './errors.js';

/** Sizes and positions travel as int32. */
export const kMaxInt = 2 ** 31 - 1;

export function expectBoolean(name: string, value: unknown): boolean {
  if (typeof value !== 'boolean') throw wrongKind('true or false', name, value);
  return value;
}

export function expectNumber(name: string, value: unknown): number {
  if (typeof value !== 'number') throw wrongKind('a number', name, value);
  return value;
}

/** Kernels compute in float32, so a number must be finite there. */
export function expectFinite(name: string, value: unknown): number {
  const number = expectNumber(name, value);
  if (!Number.isFinite(Math.fround(number))) {
    throw outOfRange('a finite float32 number', name, number);
  }
  return number;
}

export function expectInteger(name: string, value: unknown, least = 0, most = kMaxInt): number {
  const number = expectNumber(name, value);
  if (!Number.isInteger(number) || number < least || number > most) {
    throw outOfRange(`an integer from ${least} to ${most}`, name, number);
  }
  return number;
}

export function expectArray(name: string, value: unknown, of: string): readonly unknown[] {
  if (!Array.isArray(value)) throw wrongKind(`an array of ${of}`, name, value);
  return value;
}

/** Looks at holes too. */
export function expectNumbers(name: string, values: readonly unknown[]): readonly number[] {
  const stranger = values.findIndex((value) => typeof value !== 'number');
  if (stranger >= 0) throw wrongKind('a number', `${name}[${stranger}]`, values[stranger]);
  return values as readonly number[];
}

/** An object with no other keys than `known`: a misspelt option must not be ignored. */
export function expectObject(
  name: string,
  value: unknown,
  known: readonly string[],
): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw wrongKind(`an object { ${known.join(', ')} }`, name, value);
  }
  for (const key of Object.keys(value)) {
    if (!known.includes(key)) {
      throw new TypeError(
        `expected ${known.join(', ')} as the names in \`${name}\`, got ${describe(key)}`,
      );
    }
  }
  return value as Record<string, unknown>;
}

/** One of a few words. */
export function expectWord<T extends string>(name: string, value: unknown, words: readonly T[]): T {
  const expected = () => words.map((word) => `'${word}'`).join(', ');
  if (typeof value !== 'string') throw wrongKind(`one of ${expected()}`, name, value);
  if (!words.includes(value as T)) throw outOfRange(`one of ${expected()}`, name, value);
  return value as T;
}

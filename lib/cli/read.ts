/** The values of flags, read strictly. */

import { UsageError } from './command.js';

export function readInteger(flag: string, text: string, least: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isSafeInteger(value) && value >= least) return value;
  throw new UsageError(`expected an integer ≥ ${least} for --${flag}, got '${text}'`);
}

export function readNumber(flag: string, text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isFinite(value)) return value;
  throw new UsageError(`expected a number for --${flag}, got '${text}'`);
}

export function readWord<T extends string>(flag: string, text: string, words: readonly T[]): T {
  const word = words.find((candidate) => candidate === text);
  if (word !== undefined) return word;
  throw new UsageError(`expected ${words.join(', ')} for --${flag}, got '${text}'`);
}

/** 'a,b' */
export function readList(text: string): string[] {
  return text.split(',').map((item) => item.trim());
}

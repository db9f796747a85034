/** The values of flags, read strictly. */

import { accessSync, constants } from 'node:fs';
import { dirname } from 'node:path';
import { UsageError } from './command.js';

export function readInteger(flag: string, text: string, least: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isSafeInteger(value) && value >= least) return value;
  throw new UsageError(`expected an integer ≥ ${least} for --${flag}, got '${text}'`);
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

/** Before minutes are spent on what could not be written. */
export function expectWritable(file: string): void {
  try {
    accessSync(dirname(file), constants.W_OK);
  } catch {
    throw new UsageError(`expected a file in a folder that exists, got ${file}`);
  }
}

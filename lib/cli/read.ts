/** The values of flags, read strictly. */

import { accessSync, constants, statSync } from 'node:fs';
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
  if (!isWritable(file)) {
    throw new UsageError(`expected a file that can be written, got ${file}`);
  }
}

function isWritable(file: string): boolean {
  try {
    const found = statSync(file, { throwIfNoEntry: false });
    if (found?.isDirectory()) return false;
    accessSync(found ? file : dirname(file), constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

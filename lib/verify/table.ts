/** Which of the generated problems `flashdiff verify` runs, and what they are on a device. */

import type { Device } from '../device.js';
import { type Case, groups } from './cases.js';

export type Extent = 'quick' | 'standard' | 'all';

/**
 * Every so many of a group's problems. Prime to the crossed lists' lengths, so that all values
 * come.
 */
const kStrides: Record<Extent, number> = { quick: 23, standard: 7, all: 1 };

/** In the table's order. */
export function chosenCases(extent: Extent): Case[] {
  return groups.flatMap(({ cases }) => cases.filter((_, i) => i % kStrides[extent] === 0));
}

export function caseOf(seed: number): Case | undefined {
  return groups.flatMap(({ cases }) => cases).find((c) => c.seed === seed);
}

/** CUDA has no float32: the same problem in bfloat16. */
export function onDevice(c: Case, device: Device): Case {
  return device !== 'cpu' && c.dtype === 'float32' ? { ...c, dtype: 'bfloat16' } : c;
}

/** What the documentation promises; beyond it, a device must refuse. */
export function isCovered({ headDim }: Case, device: Device): boolean {
  return device === 'cpu' || (headDim % 8 === 0 && headDim <= 128);
}

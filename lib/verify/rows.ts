/** Which queries of a problem are checked, where checking all would take too long. */

import type { Case } from './cases.js';
import { Random } from './random.js';

/** Queries to check: all when the problem is small. */
export function rowsOf(c: Case, budget = 12e6): number[] {
  const macsPerRow = c.batchSize * c.heads[0] * c.seqlenK * c.headDim * 12;
  const affordable = Math.floor(budget / Math.max(1, macsPerRow));
  return rowsAcross(c.seqlenQ, Math.max(16, affordable), c.seed);
}

/** At most about `count` queries: both ends, both sides of tile edges, and random ones. */
export function rowsAcross(seqlenQ: number, count: number, seed: number): number[] {
  if (seqlenQ <= count) return Array.from({ length: seqlenQ }, (_, row) => row);
  const edges = [0, 1, 63, 64, 79, 80, 95, 96, 127, 128, seqlenQ - 2, seqlenQ - 1];
  const chosen = new Set(edges.filter((row) => row < seqlenQ));
  const random = new Random(seed);
  while (chosen.size < count) chosen.add(random.integer(seqlenQ));
  return [...chosen].sort((a, b) => a - b);
}

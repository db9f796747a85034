/** Which queries of a problem are checked, where checking all would take too long. */

import type { Case } from './cases.js';
import { Random } from './random.js';

/** Queries to check: all when the problem is small. */
export function rowsOf(c: Case, budget = 12e6): number[] {
  const macsPerRow = c.batchSize * c.heads[0] * c.seqlenK * c.headDim * 12;
  const affordable = Math.floor(budget / Math.max(1, macsPerRow));
  return rowsAcross(c.seqlenQ, Math.max(16, affordable), c.seed);
}

/**
 * Both sides of edges: of the CPU's groups of 4, 6 and 12 rows and its blocks of 256, of the GPU's
 * tiles of 64, 80, 96 and 128.
 */
const kEdgeRows = [0, 1, 3, 4, 5, 6, 11, 12, 63, 64, 79, 80, 95, 96, 127, 128, 255, 256];
const kLeastRandomRows = 4;

/** About `count` queries: both ends, both sides of edges, and random ones. */
export function rowsAcross(seqlenQ: number, count: number, seed: number): number[] {
  if (seqlenQ <= count) return Array.from({ length: seqlenQ }, (_, row) => row);
  const edges = [...kEdgeRows, seqlenQ - 2, seqlenQ - 1].filter((row) => row < seqlenQ);
  const chosen = new Set(edges);
  const least = Math.min(seqlenQ, Math.max(count, chosen.size + kLeastRandomRows));
  const random = new Random(seed);
  while (chosen.size < least) chosen.add(random.integer(seqlenQ));
  return [...chosen].sort((a, b) => a - b);
}

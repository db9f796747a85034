/** A plain problem to start from, and changes to its operands. */

import { toBits } from 'flashdiff/reference';
import type { Case } from '../../dist/verify/cases.js';
import type { Values } from '../../dist/verify/problem.js';

export const base: Case = require('./plain-case.cjs');

/** float32 is for the CPU alone. */
export function dtypesOf(device: string): Case['dtype'][] {
  return device === 'cpu' ? ['float32', 'float16', 'bfloat16'] : ['float16', 'bfloat16'];
}

/**
 * A copy with other elements: `change` gets the index and
 * returns the new value, or undefined to keep the old one.
 */
export function changed(
  values: Values,
  change: (index: [b: number, n: number, h: number, d: number]) => number | undefined,
): Values {
  const [, length = 0, heads = 0, dim = 0] = values.shape;
  const data = values.data.slice();
  const { dtype } = values;
  for (let i = 0; i < data.length; i += 1) {
    const row = Math.floor(i / dim);
    const n = Math.floor(row / heads);
    const value = change([Math.floor(n / length), n % length, row % heads, i % dim]);
    if (value === undefined) continue;
    data[i] = dtype === 'float32' ? value : (toBits([value], dtype)[0] as number);
  }
  return { ...values, data };
}

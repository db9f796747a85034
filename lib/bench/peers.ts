/** What our figures stand beside. */

import type { Ceilings, Contender } from './result.js';
import type { Mask, Shape } from './shape.js';

export interface Peers {
  readonly versions: Readonly<Record<string, string>>;
  readonly ceilings: Ceilings;
  contenders(shape: Shape, mask: Mask): Contender[];
}

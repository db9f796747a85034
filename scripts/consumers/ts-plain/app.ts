// Needs no types but this package's own, which say what they take from TypeScript's libraries.
import { diffAttention, Tensor } from 'flashdiff';
import { type Check, check } from 'flashdiff/reference';

export function judged(q: Tensor, k: Tensor, v: Tensor): Check {
  using out = diffAttention(q, k, v, { lambda: 0.5 });
  return check(out, q, k, v, { lambda: 0.5 });
}
export const empty: Tensor<'float32'> = Tensor.empty([1]);

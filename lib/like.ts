/** The tensors of other libraries, which are taken as they are. */

import type { Data } from './source.js';

/**
 * Any object with data and a shape: onnxruntime's and transformers.js' tensors, reference results.
 */
export interface TensorLike {
  /** One of {@link Data}. */
  readonly data: ArrayLike<unknown>;
  /** Lengths, outermost first. @default `dims`, or [data.length] */
  readonly shape?: readonly number[];
  /** The same as `shape`. */
  readonly dims?: readonly number[];
  /** @default by the kind of data */
  readonly dtype?: string;
  /** The same as `dtype`. */
  readonly type?: string;
}

/** What an object holds in a field, and what errors call it. */
export interface Field {
  readonly name: string;
  readonly value: unknown;
}

/** A field that goes by two names; where it has both, the first. */
export function fieldOf(
  owner: string,
  like: Partial<TensorLike>,
  ...names: [keyof TensorLike, keyof TensorLike]
): Field {
  const name = names.find((candidate) => (like[candidate] ?? undefined) !== undefined) ?? names[0];
  return { name: `${owner}.${name}`, value: like[name] ?? undefined };
}

/**
 * Which heads of q, k and v make differential head h: the three layouts as offsets and strides, so
 * that nothing is copied. Shapes are [batch, sequence, heads, dim].
 */

import type { View } from './shape.js';

/**
 * - `'v1'`, microsoft/unilm: the maps of head h are query heads 2h and 2h + 1, and key heads
 *   likewise; value heads are twice as wide
 * - `'diffllama'`, Hugging Face: the maps are query heads h and h + H, and key heads likewise; the
 *   value is two heads side by side
 * - `'v2'`, [DIFF V2](https://huggingface.co/blog/microsoft/diff-attn-v2): the maps are query heads
 *   2h and 2h + 1, which share a key and a value head
 */
export type Layout = 'v1' | 'diffllama' | 'v2';

/** Where two matching parts begin in head 0, and the distance to the next head; in elements. */
export interface Pair {
  readonly first: number;
  readonly second: number;
  readonly stride: number;
}

type Placement = (view: View, numHeads: number, headDim: number) => Pair;

export interface LayoutRule {
  /** Heads of k and v, as multiples of Hkv. */
  readonly keyHeads: 1 | 2;
  readonly valueHeads: 1 | 2;
  /** Width of a head of v, as a multiple of D. */
  readonly valueWidth: 1 | 2;
  /** Of map 1 and map 2. */
  readonly query: Placement;
  readonly key: Placement;
  /** Of the left and the right half; the right one means nothing where the value is D wide. */
  readonly value: Placement;
}

const kHeadDimension = 2;

const interleaved: Placement = ({ offset, strides }) => {
  const head = strides[kHeadDimension] as number;
  return { first: offset, second: offset + head, stride: 2 * head };
};

const halves: Placement = ({ offset, strides }, numHeads) => {
  const head = strides[kHeadDimension] as number;
  return { first: offset, second: offset + numHeads * head, stride: head };
};

const shared: Placement = ({ offset, strides }) => {
  return { first: offset, second: offset, stride: strides[kHeadDimension] as number };
};

const sides: Placement = ({ offset, strides }, _numHeads, headDim) => {
  return { first: offset, second: offset + headDim, stride: strides[kHeadDimension] as number };
};

export const kLayouts: Record<Layout, LayoutRule> = {
  v1: {
    keyHeads: 2,
    valueHeads: 1,
    valueWidth: 2,
    query: interleaved,
    key: interleaved,
    value: sides,
  },
  diffllama: {
    keyHeads: 2,
    valueHeads: 2,
    valueWidth: 1,
    query: halves,
    key: halves,
    value: halves,
  },
  v2: {
    keyHeads: 1,
    valueHeads: 1,
    valueWidth: 1,
    query: interleaved,
    key: shared,
    value: shared,
  },
};

export const kLayoutNames = Object.keys(kLayouts) as readonly Layout[];

/**
 * Strided views as plain numbers: what reshape, transpose and slice do to offset, shape, strides.
 */

import { outOfRange, wrongKind } from './errors.js';
import { expectArray, expectInteger, expectNumber, kMaxInt } from './expect.js';

/** Offset and strides in elements. */
export interface View {
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
}

/** Per dimension: all of it, or [start, end) with the meaning of Array.prototype.slice. */
export type Range = readonly [start: number, end?: number] | null | undefined;

const kMaxRank = 8;
/** Whose bytes a number still counts exactly. */
const kMaxSize = 2 ** 51 - 1;

export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((size, length) => size * length, 1);
}

function rowMajor(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let i = shape.length - 1; i >= 0; i -= 1) {
    strides[i] = stride;
    stride *= at(shape, i);
  }
  return strides;
}

export function wholeView(shape: readonly number[]): View {
  return { offset: 0, shape, strides: rowMajor(shape) };
}

export function readShape(name: string, value: unknown): number[] {
  const lengths = expectArray(name, value, 'lengths');
  if (lengths.length > kMaxRank) {
    throw outOfRange(`at most ${kMaxRank} dimensions`, name, lengths);
  }
  // Unlike map, this looks at holes too.
  const shape = Array.from(lengths, (length, i) => expectInteger(`${name}[${i}]`, length));
  // Zeros count as ones here: strides must be exact for empty tensors too.
  if (sizeOf(shape.map((length) => Math.max(length, 1))) > kMaxSize) {
    throw outOfRange('fewer than 2^51 elements', name, shape);
  }
  return shape;
}

export function isContiguous({ shape, strides }: View): boolean {
  const expected = rowMajor(shape);
  return (
    sizeOf(shape) === 0 || shape.every((length, i) => length === 1 || strides[i] === expected[i])
  );
}

export function reshapeView(view: View, lengths: unknown): View {
  const shape = inferLength(lengths, sizeOf(view.shape));
  const strides = reshapeStrides(view, shape);
  if (strides === null) {
    throw outOfRange(
      `a shape that strides [${view.strides}] can be viewed in (or a copy: .contiguous())`,
      'shape',
      shape,
    );
  }
  return { offset: view.offset, shape, strides };
}

/** Reads a shape in which one length may be −1: whatever is left over. */
function inferLength(lengths: unknown, size: number): number[] {
  const given = expectArray('shape', lengths, 'lengths');
  const open = given.indexOf(-1);
  const known = Array.from(given, (length, i) => (i === open ? 1 : length));
  const shape = readShape('shape', known);
  if (open >= 0) shape[open] = size / sizeOf(shape);
  const whole = shape.every((length) => Number.isInteger(length) && length <= kMaxInt);
  if (!whole || sizeOf(shape) !== size) {
    throw outOfRange(`a shape of ${size} elements`, 'shape', given);
  }
  return shape;
}

/** Without copying: null when no strides reach the elements in the order of the new shape. */
function reshapeStrides(view: View, shape: readonly number[]): number[] | null {
  if (sizeOf(shape) === 0) return rowMajor(shape);
  const left = runs(view);
  let run = left.pop() ?? { length: 1, stride: 1 };
  const strides = new Array<number>(shape.length);
  for (let i = shape.length - 1; i >= 0; i -= 1) {
    const length = at(shape, i);
    if (run.length === 1 && length > 1) run = left.pop() ?? run;
    if (run.length % length !== 0) return null;
    strides[i] = run.stride;
    run = { length: run.length / length, stride: run.stride * length };
  }
  return strides;
}

/** Neighbouring dimensions that one stride walks through, as one. */
function runs({ shape, strides }: View): { length: number; stride: number }[] {
  const merged: { length: number; stride: number }[] = [];
  shape.forEach((length, i) => {
    if (length === 1) return;
    const stride = at(strides, i);
    const last = merged.at(-1);
    const joins = last !== undefined && last.stride === length * stride;
    if (joins) merged.pop();
    merged.push({ length: joins ? last.length * length : length, stride });
  });
  return merged;
}

export function transposeView(
  { offset, shape, strides }: View,
  dimensions: readonly unknown[],
): View {
  if (dimensions.length > 2) {
    throw outOfRange('two dimensions, one swap a call,', 'dimensions', dimensions);
  }
  const [a, b] = dimensions;
  const first = readDimension('a', a, shape.length);
  const second = readDimension('b', b, shape.length);
  const swap = (values: readonly number[]) => {
    const swapped = [...values];
    swapped[first] = at(values, second);
    swapped[second] = at(values, first);
    return swapped;
  };
  return { offset, shape: swap(shape), strides: swap(strides) };
}

function readDimension(name: string, value: unknown, rank: number): number {
  if (rank === 0) throw outOfRange('a tensor with dimensions', name, value);
  const dimension = expectInteger(name, value, -rank, rank - 1);
  return dimension < 0 ? dimension + rank : dimension;
}

export function sliceView({ offset, shape, strides }: View, ranges: readonly unknown[]): View {
  if (ranges.length > shape.length) {
    throw outOfRange(`at most ${shape.length} ranges, one a dimension`, 'ranges', ranges);
  }
  const lengths = [...shape];
  let begin = offset;
  ranges.forEach((range, i) => {
    if (range === null || range === undefined) return;
    const { start, length } = readRange(`ranges[${i}]`, range, at(shape, i));
    begin += start * at(strides, i);
    lengths[i] = length;
  });
  return { offset: sizeOf(lengths) === 0 ? offset : begin, shape: lengths, strides };
}

function readRange(name: string, range: unknown, length: number) {
  if (!Array.isArray(range)) throw wrongKind('[start, end] or null', name, range);
  if (range.length < 1 || range.length > 2) throw outOfRange('[start, end]', name, range);
  const [start, end = length] = range.map((position) => {
    if (position === undefined) return undefined;
    const number = expectNumber(name, position);
    if (!Number.isInteger(number)) throw outOfRange('integers', name, range);
    return Math.min(Math.max(number < 0 ? number + length : number, 0), length);
  });
  const first = start ?? 0;
  return { start: first, length: Math.max(end - first, 0) };
}

function at(values: readonly number[], index: number): number {
  return values[index] as number;
}

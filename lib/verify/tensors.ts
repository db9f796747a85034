/** A problem's operands as tensors of a device, lying in memory in one of several ways. */

import type { Device } from '../device.js';
import { type DiffAttentionOptions, Tensor } from '../index.js';
import { toBits } from '../reference.js';
import { sizeOf } from '../shape.js';
import type { Case } from './cases.js';
import type { Problem, Values } from './problem.js';

export interface Setup {
  device: Device;
  view?: Case['view'];
}

export interface Operands {
  q: Tensor;
  k: Tensor;
  v: Tensor;
  options: DiffAttentionOptions;
}

/** Calls `use` with the tensors and disposes them afterwards. */
export async function withTensors<T>(
  { q, k, v, options }: Problem,
  { device, view = 'contiguous' }: Setup,
  use: (operands: Operands) => T | Promise<T>,
): Promise<T> {
  const owned: Tensor[] = [];
  const place = (values: Values) => {
    const tensor = Tensor.from(values, { device });
    owned.push(tensor);
    return tensor;
  };
  const lay = (values: Values) => {
    if (view === 'contiguous' || values.shape.length < 3) return place(values);
    const seen = view === 'transposed' ? transposed(values, place) : sliced(values, place);
    owned.push(seen);
    return seen;
  };
  const { lambda, subln, ...rest } = options;
  const weight = subln?.weight && { weight: place(subln.weight as Values) };
  try {
    return await use({
      q: lay(q),
      k: lay(k),
      v: lay(v),
      options: {
        ...rest,
        lambda: typeof lambda === 'number' ? lambda : lay(lambda as Values),
        ...(subln && { subln: { ...subln, ...weight } as DiffAttentionOptions['subln'] }),
      } as DiffAttentionOptions,
    });
  } finally {
    for (const tensor of owned) tensor.dispose();
  }
}

type Place = (values: Values) => Tensor;

/** Sequence and heads change places in memory. */
function transposed(values: Values, place: Place): Tensor {
  const [batch = 0, length = 0, heads = 0, dim = 1] = values.shape;
  const data = values.data.slice();
  for (let b = 0; b < batch; b += 1) {
    for (let n = 0; n < length; n += 1) {
      for (let h = 0; h < heads; h += 1) {
        const source = ((b * length + n) * heads + h) * dim;
        const target = ((b * heads + h) * length + n) * dim;
        data.set(values.data.subarray(source, source + dim), target);
      }
    }
  }
  const shape = [batch, heads, length, ...values.shape.slice(3)];
  return place({ ...values, data, shape }).transpose(1, 2);
}

/** The middle of a larger tensor whose other elements are NaN. */
function sliced(values: Values, place: Place): Tensor {
  const [batch = 0, length = 0, heads = 0, dim = 1] = values.shape;
  const shape = [batch + 1, length + 3, heads + 1, ...values.shape.slice(3)];
  const nan = values.dtype === 'float32' ? NaN : (toBits([NaN], values.dtype)[0] as number);
  const size = sizeOf(shape);
  const padded = (values.dtype === 'float32' ? new Float32Array(size) : new Uint16Array(size)).fill(
    nan,
  );
  for (let b = 0; b < batch; b += 1) {
    for (let n = 0; n < length; n += 1) {
      const source = (b * length + n) * heads * dim;
      const target = (((b + 1) * (length + 3) + n + 2) * (heads + 1) + 1) * dim;
      padded.set(values.data.subarray(source, source + heads * dim), target);
    }
  }
  const whole = place({ ...values, data: padded, shape });
  return whole.slice([1], [2, length + 2], [1]);
}

/** Tensors of onnxruntime, those of its own class, are taken as they are. */

import { Tensor } from 'flashdiff';
import { toBits } from 'flashdiff/reference';
import { Tensor as OrtTensor } from 'onnxruntime-common';
import { devices } from './support/devices.js';
import { numbersOf } from './support/numbers.js';

describe.each(devices())('on %s', (device) => {
  test('float32, with its shape', async () => {
    const source = new OrtTensor('float32', Float32Array.of(1, 2, 3), [3, 1]);
    const tensor = Tensor.from(source, { device });
    expect([tensor.dtype, tensor.shape]).toEqual(['float32', [3, 1]]);
    expect(await tensor.data()).toEqual(Float32Array.of(1, 2, 3));
  });

  test('float16, as bits', async () => {
    const source = new OrtTensor('float16', toBits([0.5, -2], 'float16'), [1, 2]);
    const tensor = Tensor.from(source, { device });
    expect([tensor.dtype, tensor.shape]).toEqual(['float16', [1, 2]]);
    expect(numbersOf(await tensor.data(), 'float16')).toEqual([0.5, -2]);
  });

  test('what is no float is refused by name', () => {
    const source = new OrtTensor('int64', BigInt64Array.of(1n), [1]);
    const sentence =
      "expected one of 'float32', 'float16', 'bfloat16' for `data.type`, got 'int64'";
    expect(() => Tensor.from(source, { device })).toThrow(new RangeError(sentence));
  });

  test('and a result goes back into one', async () => {
    const out = Tensor.from([1, 2, 3, 4], { shape: [2, 2], device });
    const result = new OrtTensor(out.dtype, await out.data(), out.shape);
    expect([result.type, result.dims, result.data]).toEqual([
      'float32',
      [2, 2],
      Float32Array.of(1, 2, 3, 4),
    ]);
  });
});

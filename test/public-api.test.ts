import * as flashdiff from 'flashdiff';

/** The public interface changes only on purpose. */
test('exports', () => {
  expect(Object.keys(flashdiff).sort()).toEqual([
    'FlashDiffError',
    'Tensor',
    'diffAttention',
    'elapsed',
    'inspect',
    'lambdaFull',
    'lambdaInit',
  ]);
});

test('members of Tensor', () => {
  const { Tensor } = flashdiff;
  expect(Object.getOwnPropertyNames(Tensor).sort()).toEqual([
    'empty',
    'from',
    'length',
    'name',
    'prototype',
  ]);
  expect(Reflect.ownKeys(Tensor.prototype)).toEqual([
    'constructor',
    'size',
    'byteLength',
    'reshape',
    'transpose',
    'slice',
    'contiguous',
    'to',
    'ready',
    'data',
    'dataSync',
    'dispose',
    Symbol.dispose,
  ]);
  expect(Object.keys(Tensor.empty([1]))).toEqual(['shape', 'strides', 'dtype', 'device']);
});

test('FlashDiffError is an Error with a code', () => {
  const cause = new Error('first');
  const error = new flashdiff.FlashDiffError('ERR_DEVICE', 'second', { cause });
  expect(error).toBeInstanceOf(Error);
  expect(error).toMatchObject({ name: 'FlashDiffError', code: 'ERR_DEVICE', cause });
  expect(String(error)).toBe('FlashDiffError: second');
  expect(Object.keys(error)).toEqual(['code']);
});

test('types follow the dtype', async () => {
  const tensor = flashdiff.Tensor.from([1, 2]);
  const float32: Float32Array = await tensor.data();
  const bits: Uint16Array = await tensor.to({ dtype: 'bfloat16' }).data();
  const zeros: Float32Array = flashdiff.Tensor.empty([1]).dataSync();
  expect([float32, bits, zeros]).toEqual([
    Float32Array.of(1, 2),
    Uint16Array.of(0x3f80, 0x4000),
    Float32Array.of(0),
  ]);
});

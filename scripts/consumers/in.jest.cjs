const { FlashDiffError, Tensor } = require('flashdiff');

test('works in the realm of jest', async () => {
  const tensor = Tensor.from([1, 2, 3]);
  expect(await tensor.data()).toEqual(Float32Array.of(1, 2, 3));
  tensor.dispose();
  expect(() => tensor.dataSync()).toThrow(FlashDiffError);
  expect(() => Tensor.empty([-1])).toThrow(RangeError);
});

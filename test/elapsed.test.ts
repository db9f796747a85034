/** Device time, and what becomes of it when the work that was measured fails. */

import { elapsed, FlashDiffError, Tensor } from 'flashdiff';
import { devices } from './support/devices.js';

describe.each(devices())('on %s', (device) => {
  // A legal size, 2^50 bytes, which no address space has room for.
  const hopeless = () => Tensor.empty([2 ** 24, 2 ** 24], { device });
  const legal = () => Tensor.empty([2 ** 10, 2 ** 10], { device });
  const causeOf = (tensor: Tensor) => tensor.slice([0, 1], [0, 1]).data();
  const failure = { constructor: FlashDiffError, code: 'ERR_OUT_OF_MEMORY' };

  test('rejects with the first cause when work between the marks fails', async () => {
    let first: Tensor | undefined;
    const measured = elapsed(device, () => {
      legal().dispose();
      first = hopeless();
      Tensor.empty([2 ** 25, 2 ** 24], { device }).dispose();
      legal().dispose();
    });
    const error = await measured.catch((reason: unknown) => reason);
    expect(error).toMatchObject(failure);
    const cause = await causeOf(first as Tensor).catch((reason: unknown) => reason);
    expect((error as Error).message).toBe((cause as Error).message);
  });

  test('rejects when what is read failed before', async () => {
    const source = hopeless().slice([0, 1], [0, 4]);
    await expect(source.data()).rejects.toMatchObject(failure);
    const measured = elapsed(device, () => source.to({ dtype: 'float16' }).dispose());
    await expect(measured).rejects.toMatchObject(failure);
  });

  test('failures before and after the marks are of no concern', async () => {
    hopeless().dispose();
    const measured = elapsed(device, () => legal().dispose());
    hopeless().dispose();
    expect(await measured).toBeGreaterThan(0);
  });

  test('of two that overlap, each tells of the failures between its own marks', async () => {
    const pause = () => new Promise((resolve) => setTimeout(resolve, 20));
    let inner: Promise<number> | undefined;
    const outer = elapsed(device, async () => {
      hopeless().dispose();
      inner = elapsed(device, async () => {
        legal().dispose();
        await pause();
      });
      await pause();
    });
    await expect(outer).rejects.toMatchObject(failure);
    expect(await inner).toBeGreaterThan(0);
  });
});

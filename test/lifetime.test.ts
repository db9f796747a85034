/** How long memory and processes live: no longer than needed, and as long. */

import { diffAttention, FlashDiffError, Tensor } from 'flashdiff';
import { allocated } from './support/allocated.cjs';
import { devices } from './support/devices.js';
import { report, run } from './support/programs.js';

const MiB = 2 ** 20;

jest.setTimeout(120_000);

describe.each(devices())('on %s', (device) => {
  test('100,000 small calls leave no memory behind', async () => {
    const { wrong, rssGrowth, deviceGrowth, left } = await report('many-calls', device);
    expect(wrong).toBe(0);
    expect(left).toBe(0);
    // 90,000 of them: one leaked object of 200 bytes each would be more.
    expect(rssGrowth).toBeLessThan(16 * MiB);
    // With FLASHDIFF_ALONE_ON_GPU=1, of the whole GPU. Its pool keeps memory and grows by 32 MiB at a
    // time; one lost block each, of 512 bytes at least, would be 44 MiB.
    expect(deviceGrowth).toBeLessThanOrEqual(32 * MiB);
  });

  test('forgotten tensors are collected while the program runs', async () => {
    const { peakMiB, left } = await report('dropped-handles', device);
    expect(left).toBe(0);
    expect(peakMiB).toBeLessThan(1024); // of 4,000 made
  });

  test('inputs may be collected or disposed while a call reads them', async () => {
    const { different } = await report('forgotten-inputs', device);
    expect(different).toEqual([]);
  });

  test.each(['exit', 'exit later', 'exit when the first is done'])(
    'process.exit with work queued: %s',
    async (how) => {
      const ending = await run('ending', how, device);
      expect(ending).toEqual({ code: 7, signal: null, stdout: 'queued\n', stderr: '' });
    },
  );

  test('an uncaught error with work queued', async () => {
    const ending = await run('ending', 'throw', device);
    expect(ending).toMatchObject({ code: 1, signal: null });
    expect(ending.stderr).toContain('on purpose');
  });

  test('a pending data() keeps the process alive', async () => {
    const ending = await run('ending', 'wait', device);
    expect(ending).toEqual({ code: 0, signal: null, stdout: 'queued\ndone\n', stderr: '' });
  });

  test('work that nobody asks for does not', async () => {
    const { work, queuedAt } = await report('unread', device);
    expect(work).toBeGreaterThan(5000);
    expect(Date.now() - queuedAt).toBeLessThan(work / 2);
  });

  test('a result is there before work that was queued later', async () => {
    const order: string[] = [];
    const small = attention(512);
    const large = attention(2048);
    const first = small();
    const later = Array.from({ length: 4 }, large);
    const asked = first.data().then(() => order.push('first'));
    await Promise.all(later.map((out) => out.data())).then(() => order.push('later'));
    await asked;
    expect(order).toEqual(['first', 'later']);
  });

  describe('a failure at run time', () => {
    // A legal size, 2^50 bytes, which no address space has room for.
    const hopeless = () => Tensor.empty([2 ** 24, 2 ** 24], { device });
    const failure = (tensor: Tensor) =>
      tensor.data().then(
        () => undefined,
        (error: unknown) => error,
      );

    test('rejects the tensor and all that depend on it with the first cause', async () => {
      const source = hopeless();
      const dtype = device === 'cpu' ? 'float32' : 'bfloat16';
      // Small views: their own work would succeed.
      const part = (...shape: number[]) =>
        source
          .slice([0, 1], [0, shape.reduce((a, b) => a * b)])
          .reshape(shape)
          .to({ dtype });
      const out = diffAttention(part(1, 3, 4, 8), part(1, 5, 4, 8), part(1, 5, 2, 16), {
        lambda: 0.5,
      });
      const dependents = [
        source.slice([0, 1], [0, 4]),
        out,
        out.to({ dtype: 'float16' }),
        out.to({ device: 'cpu' }).slice(null, [0, 1]),
      ];
      const errors = await Promise.all([...dependents, out].map(failure));
      for (const error of errors) {
        expect(error).toBeInstanceOf(FlashDiffError);
        expect(error).toMatchObject({ code: 'ERR_OUT_OF_MEMORY' });
        expect((error as Error).message).toBe((errors[0] as Error).message);
      }
      expect(() => out.dataSync()).toThrow((errors[0] as Error).message);
    });

    test('no array of JavaScript has room for the result', async () => {
      const source = hopeless();
      const expected = {
        constructor: FlashDiffError,
        code: 'ERR_OUT_OF_MEMORY',
        message: expect.stringMatching(/^expected room for 281474976710656 float32 elements/),
      };
      expect(await failure(source)).toMatchObject(expected);
      expect(() => source.dataSync()).toThrow(expect.objectContaining(expected));
      source.dispose();
    });

    test('leaves the device working and nothing allocated', async () => {
      const before = allocated(device);
      const source = hopeless();
      const part = source.slice([0, 1], [0, 4]);
      await failure(part);
      for (const tensor of [source, part]) tensor.dispose();
      expect(allocated(device)).toBeLessThanOrEqual(before);
      const values = await Tensor.from([1, 2, 3], { device }).data();
      expect([...values]).toEqual([1, 2, 3]);
    });
  });

  /** Calls on one set of inputs, H = 2, D = 64. */
  function attention(seqlen: number): () => Tensor {
    const dtype = device === 'cpu' ? 'float32' : 'bfloat16';
    const make = (heads: number, width: number) =>
      Tensor.empty([1, seqlen, heads, width], { device, dtype });
    const [q, k, v] = [make(4, 64), make(4, 64), make(2, 128)] as const;
    return () => diffAttention(q, k, v, { lambda: 0.5 });
  }
});

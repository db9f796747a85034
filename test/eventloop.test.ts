/** What a program feels of long work: nothing. */

import { devices } from './support/devices.js';
import { report } from './support/programs.js';

jest.setTimeout(120_000);

describe.each(devices())('on %s', (device) => {
  test('timers and files are served while the device computes', async () => {
    const { submitted, total, timer, stat, samples } = await report('event-loop', device);
    // Six calls of 150 ms or more. One that ran on this thread would show up as a sixth of the
    // total.
    expect(total).toBeGreaterThan(500);
    const blocked = total / 6;
    expect(submitted).toBeLessThan(blocked / 2);
    expect(samples).toBeGreaterThan(total / 100);
    expect(timer).toBeLessThan(Math.min(100, blocked / 2));
    expect(stat).toBeLessThan(Math.min(100, blocked / 2));
  });
});

// Loads an addon and prints what it would run on this machine; fails when it does not load, or when
// its reason for having no CUDA does not hold the words given as an argument.
import { createRequire } from 'node:module';
import { resolve } from 'node:path';

const file = resolve(process.env.FLASHDIFF_ADDON ?? 'build/Release/flashdiff.node');
const { cpu, cuda } = createRequire(import.meta.url)(file).inspect();
console.log(`cpu: ${cpu.isa}, ${cpu.threads} threads`);
console.log(`cuda: ${cuda.available ? cuda.devices.map((d) => d.name) : cuda.reason}`);

const expected = process.argv[2];
if (expected && !cuda.reason.includes(expected)) {
  console.error(`expected the reason to say "${expected}"`);
  process.exitCode = 1;
}

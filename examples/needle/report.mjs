// What the program prints.
import { shares } from './record.mjs';

export const rowNames = { map1: 'map 1', map2: 'λ · map 2', difference: 'difference' };

const number = (x) => x.toFixed(3).replace('-', '−').padStart(8);
const error = (x) => x.toExponential(1);

export function deviceLine({ cpu, cuda }) {
  if (cuda.available) {
    const [{ name, kernels }] = cuda.devices;
    return `device    cuda: ${name}, kernel ${kernels[0]}`;
  }
  const threads = cpu.threads === 1 ? '1 thread' : `${cpu.threads} threads`;
  return `device    cpu: ${cpu.isa}, ${threads}; not CUDA, because: ${cuda.reason}`;
}

export function checkLine(name, { ok, error: own, plainError, floor }) {
  const bound = `2 × ${error(plainError)} of the plain computation + ${error(floor)} of rounding`;
  return `  ${name.padEnd(16)}${ok ? 'holds' : 'BROKEN'}: ${error(own)} against ${bound}`;
}

export function recordLine(name, got, recorded) {
  let [worst, size] = [0, 0];
  recorded.forEach((want, i) => {
    worst = Math.max(worst, Math.abs(got[i] - want));
    size = Math.max(size, Math.abs(want));
  });
  return `  ${name.padEnd(16)}largest error ${error(worst)}, of values up to ${size.toFixed(2)}`;
}

export function shareTable(heads, groups) {
  const lines = ['                    answer  needles     rest'];
  heads.forEach((head, h) => {
    for (const [key, name] of Object.entries(rowNames)) {
      const { answer, needles, rest } = shares(head[key], groups);
      const label = `${key === 'map1' ? `head ${h}` : ''}`.padEnd(8) + name.padEnd(10);
      lines.push(label + [answer, needles, rest].map(number).join(' '));
    }
  });
  return lines.join('\n');
}

/** What the subtraction does to the answer in one head, in a sentence. */
export function sentence(head, groups) {
  const answers = Object.keys(rowNames).map((key) => shares(head[key], groups).answer);
  const [one, two, left] = answers.map((weight) => number(weight).trim());
  const [finds1, finds2] = answers.map((weight) => weight > 0.1);
  if (finds1 && finds2) {
    const both = `Both maps find the answer (${one} and ${two})`;
    return `${both}: where they agree it cancels, elsewhere each keeps its sign; ${left} in all.`;
  }
  if (finds2) {
    const found = `Map 1 is spread over the text, map 2 finds the answer (${two})`;
    return `${found}. So the answer comes out with a minus sign: ${left}.`;
  }
  if (finds1) {
    const found = `Map 1 finds the answer (${one})`;
    return `${found}, and map 2 takes away what it sees elsewhere; ${left} stays.`;
  }
  return 'Neither map looks at the answer: this head has another job.';
}

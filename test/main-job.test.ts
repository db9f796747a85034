/** What `npm start` prints and draws. */

import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { inspect } from 'flashdiff';

jest.setTimeout(60_000);

const folder = join(dirname(require.resolve('flashdiff/package.json')), 'examples/needle');
const prompt = JSON.parse(readFileSync(join(folder, 'prompt.json'), 'utf8'));
const tokens: string[] = prompt.text.join(' ').split(' ');

let scratch = '';
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'flashdiff-main-'));
});
afterAll(() => rmSync(scratch, { recursive: true }));

function run(args: readonly string[] = [], environment: Record<string, string> = {}) {
  const picture = join(scratch, 'attention.svg');
  const all = [join(folder, 'main.mjs'), '--out', picture, ...args];
  const env = { ...process.env, ...environment };
  return new Promise<{ code: number; output: string; picture: string }>((resolve) => {
    execFile(process.execPath, all, { env }, (error, output) => {
      const code = Number(error?.code ?? 0);
      resolve({ code, output, picture: code > 1 ? '' : readFileSync(picture, 'utf8') });
    });
  });
}

describe('a run', () => {
  let result: Awaited<ReturnType<typeof run>>;
  beforeAll(async () => {
    result = await run();
  });

  test('names the device, the problem and the picture, and all holds', () => {
    const { code, output } = result;
    const { cpu, cuda } = inspect();
    expect(code).toBe(0);
    expect(output).toContain(cuda.available ? 'device    cuda: ' : `device    cpu: ${cpu.isa}, `);
    expect(output).toContain('1019 tokens, 4 heads');
    expect(output.match(/ holds: /g)).toHaveLength(6);
    expect(output).not.toContain('BROKEN');
    expect(output).toContain(`picture   ${join(scratch, 'attention.svg')}`);
  });

  test('the shares of each row add up, and λ times map 2 is taken from map 1', () => {
    const rows = [
      ...result.output.matchAll(/^(?:head \d)? +(map 1|λ · map 2|difference) +(.+)$/gm),
    ];
    const shares = rows.map(([, , numbers = '']) =>
      numbers.replaceAll('−', '-').trim().split(/ +/).map(Number),
    );
    expect(rows.map(([, name]) => name)).toEqual(
      Array(4).fill(['map 1', 'λ · map 2', 'difference']).flat(),
    );
    const kLambda = 0.356;
    const kPrinted = 0.0005; // half a unit of the last digit that is printed
    const sum = (row: number[]) => row.reduce((a, b) => a + b, 0);
    for (let h = 0; h < 4; h += 1) {
      const [map1 = [], map2 = [], difference = []] = shares.slice(3 * h);
      expect(Math.abs(sum(map1) - 1)).toBeLessThan(3.1 * kPrinted);
      expect(Math.abs(sum(map2) - kLambda)).toBeLessThan(4.1 * kPrinted);
      difference.forEach((share, i) => {
        const left = (map1[i] as number) - (map2[i] as number);
        expect(Math.abs(share - left)).toBeLessThan(3.1 * kPrinted);
      });
    }
  });

  test('heads 2 and 3 find the answer through map 2, so with a minus sign', () => {
    const { output } = result;
    expect(output).toMatch(/^head 0 {2}Neither map looks at the answer/m);
    expect(output).toMatch(/^head 1 {2}Neither map looks at the answer/m);
    expect(output).toMatch(/^head 2 .*map 2 finds the answer \(0\.349\).*minus sign: −0\.329\./m);
    expect(output).toMatch(/^head 3 {2}Both maps find the answer \(0\.297 and 0\.349\).*−0\.053/m);
  });

  test('the picture marks every hidden sentence and the answer in every panel of two heads', () => {
    const { picture } = result;
    expect(picture.match(/class="head"/g)).toHaveLength(2);
    const kPanels = 6; // three a head
    const places = (group: string) =>
      [...picture.matchAll(new RegExp(`class="${group} band" x="([\\d.]+)"`, 'g'))].map(([, x]) =>
        Number(x),
      );
    const kText = { x: 70, width: 690, inset: 0.4 }; // of the panels over the whole text
    const token = (x: number) => ((x - kText.x - kText.inset) / kText.width) * tokens.length;

    // A band begins with the sentence that it marks.
    const needles = places('needles').map((x) => Math.round(token(x)));
    const starts: number[] = prompt.needles.map(({ start }: { start: number }) => start);
    const [asked = 0] = starts.splice(prompt.asked, 1);
    const expected = starts.flatMap((start) => Array<number>(kPanels).fill(start));
    const sorted = (list: number[]) => [...list].sort((a, b) => a - b);
    expect(sorted(needles)).toEqual(sorted(expected));
    const answers = places('answer').filter((x) => x < kText.x + kText.width);
    expect(answers.map((x) => Math.round(token(x)))).toEqual(Array(kPanels).fill(asked));
    // Token by token, each of its digits.
    expect(places('answer')).toHaveLength(kPanels * (1 + prompt.answer.length));
    for (const word of ['asked for', 'digits of the answer', 'Reno']) {
      expect(picture).toContain(word);
    }
  });
});

test('without a GPU it says why', async () => {
  const { code, output } = await run([], { CUDA_VISIBLE_DEVICES: '' });
  expect(code).toBe(0);
  expect(output).toMatch(
    /^device {4}cpu: \S+, \d+ threads?; not CUDA, because: no NVIDIA \w+ was /,
  );
});

test.each(['out', 'lse', 'out_normed_last'])('a wrong record of %s ends with 1', async (name) => {
  const bytes = readFileSync(join(folder, 'record.safetensors'));
  const length = Number(bytes.readBigUInt64LE());
  const header = JSON.parse(bytes.toString('utf8', 8, 8 + length));
  const at = 8 + length + header[name].data_offsets[0]; // the first query, which is checked
  bytes.writeFloatLE(bytes.readFloatLE(at) + 0.01, at);
  const record = join(scratch, 'wrong.safetensors');
  writeFileSync(record, bytes);
  const { code, output } = await run(['--record', record]);
  expect(code).toBe(1);
  expect(output.match(/BROKEN/g)).toHaveLength(1);
  expect(output).toContain('BEYOND the rule');
});

/** Colour, bars and columns of the command. */

import { columns, painter, progressBar } from '../dist/cli/terminal.js';

const stream = (isTTY: boolean) => {
  const written: string[] = [];
  const write = (text: string) => written.push(text) > 0;
  return { isTTY, columns: 60, write, written };
};

test('shows a bar and colour', () => {
  const tty = stream(true);
  const bar = progressBar(tty);
  bar.show(1, 2, 'x'.repeat(200));
  expect(tty.written.join('')).toContain('50 %');
  expect(tty.written.join('').length).toBeLessThan(70);
  bar.clear();
  expect(painter(tty)('red', 'wrong')).toBe('\x1b[31mwrong\x1b[0m');
});

test('anything else shows neither', () => {
  const pipe = stream(false);
  progressBar(pipe).show(1, 2, 'now');
  expect(pipe.written).toEqual([]);
  expect(painter(pipe)('red', 'wrong')).toBe('wrong');
});

test('columns line up', () => {
  expect(
    columns(
      ['name', 'n'],
      [
        ['a', '100'],
        ['bcdef', '1'],
      ],
    ),
  ).toBe('name     n\na      100\nbcdef    1');
});

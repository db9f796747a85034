/** Colour and movement, for terminals only. */

import type { WriteStream } from 'node:tty';

type Stream = Pick<WriteStream, 'write'> & Partial<WriteStream>;

const kCodes = { bold: 1, dim: 2, red: 31, green: 32 } as const;

/** Wraps text in a style where the stream shows it. */
export function painter(stream: Stream) {
  const shows = stream.isTTY === true && !process.env.NO_COLOR && process.env.TERM !== 'dumb';
  return (style: keyof typeof kCodes, text: string): string =>
    shows ? `\x1b[${kCodes[style]}m${text}\x1b[0m` : text;
}

export interface Progress {
  /** `done` of `total` steps; `what` is going on now. */
  show(done: number, total: number, what: string): void;
  /** Removes the bar, so that ordinary lines can follow. */
  clear(): void;
}

/** A bar at the end of a terminal; nothing anywhere else. */
export function progressBar(stream: Stream = process.stderr): Progress {
  if (stream.isTTY !== true) return { show() {}, clear() {} };
  const kCells = 28;
  return {
    show(done, total, what) {
      const share = total > 0 ? Math.min(1, done / total) : 1;
      const full = Math.round(share * kCells);
      const bar = '█'.repeat(full) + '░'.repeat(kCells - full);
      const line = `${bar} ${Math.floor(share * 100)} %  ${what}`;
      stream.write(`\r\x1b[2K${line.slice(0, (stream.columns ?? 80) - 1)}`);
    },
    clear() {
      stream.write('\r\x1b[2K');
    },
  };
}

/** Columns of text, the first to the left, the others to the right. */
export function columns(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [head, ...rows];
  const widths = head.map((_, i) => Math.max(...all.map((row) => row[i]?.length ?? 0)));
  const lines = all.map((row) =>
    row
      .map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
  return lines.join('\n');
}

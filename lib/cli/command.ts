/**
 * What every command of `flashdiff` has: flags, a help text made from them, a sentence for bad
 * ones.
 */

import { parseArgs } from 'node:util';

export interface Flag {
  /** Placeholder of the value in the help; a flag without one is a switch. */
  readonly value?: string;
  readonly help: string;
}

type Flags = Readonly<Record<string, Flag>>;

type ValuesOf<F extends Flags> = {
  readonly [K in keyof F]: F[K] extends { value: string } ? string | undefined : boolean;
};

export interface Command {
  readonly summary: string;
  /** What stands below the flags in the help. */
  readonly details: string;
  readonly flags: Flags;
  /** Gives the exit code. */
  run(args: readonly string[]): Promise<number>;
}

/** A mistake on the command line: one sentence, exit code 2. */
export class UsageError extends Error {}

export function command<const F extends Flags>(definition: {
  summary: string;
  details: string;
  flags: F;
  run(values: ValuesOf<F>): Promise<number>;
}): Command {
  const { flags, run } = definition;
  return { ...definition, run: async (args) => run(parse(flags, args)) };
}

function parse<F extends Flags>(flags: F, args: readonly string[]): ValuesOf<F> {
  const options = Object.fromEntries(
    Object.entries(flags).map(([name, { value }]) => [
      name,
      { type: value === undefined ? 'boolean' : 'string' } as const,
    ]),
  );
  const known = Object.keys(flags).map((name) => `--${name}`);
  const { tokens } = parseArgs({ args: [...args], options, strict: false, tokens: true });
  const values: Record<string, string | boolean> = {};
  for (const [name, { value }] of Object.entries(flags)) if (!value) values[name] = false;
  for (const token of tokens) {
    if (token.kind === 'positional') {
      throw new UsageError(`expected flags such as ${known[0]}, got '${token.value}'`);
    }
    if (token.kind !== 'option') continue;
    const flag = Object.hasOwn(flags, token.name) ? flags[token.name] : undefined;
    if (!flag) throw new UsageError(`expected one of ${known.join(', ')}, got ${token.rawName}`);
    if (flag.value === undefined && token.value !== undefined) {
      throw new UsageError(`expected no value for --${token.name}, got '${token.value}'`);
    }
    if (flag.value !== undefined && (token.value === undefined || token.value === '')) {
      throw new UsageError(`expected ${flag.value} after --${token.name}, got nothing`);
    }
    values[token.name] = token.value ?? true;
  }
  return values as ValuesOf<F>;
}

export function helpOf(name: string, { summary, details, flags }: Command): string {
  const usage = `usage: flashdiff ${name} [flags]\n\n${summary}\n`;
  const rows = Object.entries({ ...flags, help: { help: 'print this' } }).map(
    ([flag, { value, help }]: [string, Flag]) => [`--${flag}${value ? ` ${value}` : ''}`, help],
  ) as [string, string][];
  return [usage, table(rows), details].filter(Boolean).join('\n');
}

/** Two columns; the second may have several lines. */
export function table(rows: readonly [string, string][]): string {
  const width = Math.max(...rows.map(([left]) => left.length));
  const lines = rows.map(([left, right]) =>
    right
      .split('\n')
      .map((line, i) => `  ${(i === 0 ? left : '').padEnd(width)}  ${line}`)
      .join('\n'),
  );
  return `${lines.join('\n')}\n`;
}

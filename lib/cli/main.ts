#!/usr/bin/env node
/** The command `flashdiff`. Exit codes: 0, 1 for what went wrong, 2 for a mistake in the call. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Command, helpOf, table, UsageError } from './command.js';

/** Loaded when asked for: help needs no addon. */
const kCommands: Record<string, { summary: string; load(): Promise<Command> }> = {
  inspect: {
    summary: 'what this machine runs, why, and what would bring more',
    load: async () => (await import('./inspect.js')).inspectCommand,
  },
  verify: {
    summary: 'checks every engine of this machine against the float64 reference',
    load: async () => (await import('./verify.js')).verifyCommand,
  },
  bench: {
    summary: 'measures differential attention, beside alternatives if asked',
    load: async () => (await import('./bench.js')).benchCommand,
  },
};

async function main([name, ...args]: readonly string[]): Promise<number> {
  if (name === undefined || name === '--help' || name === '-h') {
    process.stdout.write(overview());
    return name === undefined ? 2 : 0;
  }
  if (name === '--version') {
    console.log(version());
    return 0;
  }
  const entry = Object.hasOwn(kCommands, name) ? kCommands[name] : undefined;
  if (!entry) {
    const known = Object.keys(kCommands).join(', ');
    throw new UsageError(`expected a command (${known}), got '${name}'`);
  }
  const command = await entry.load();
  if (args.includes('--help') || args.includes('-h')) {
    process.stdout.write(helpOf(name, command));
    return 0;
  }
  return command.run(args);
}

function overview(): string {
  const rows = Object.entries(kCommands).map(([name, { summary }]): [string, string] => [
    name,
    summary,
  ]);
  return [
    'usage: flashdiff <command> [flags]\n',
    table(rows),
    table([
      ['flashdiff <command> --help', 'the flags of a command'],
      ['flashdiff --version', 'the version'],
    ]),
  ].join('\n');
}

function version(): string {
  const file = join(__dirname, '../../package.json');
  return JSON.parse(readFileSync(file, 'utf8')).version;
}

function report(error: unknown, name = ''): number {
  const message = error instanceof Error ? error.message : String(error);
  console.error(`flashdiff${name && ` ${name}`}: ${message}`);
  if (!(error instanceof UsageError)) return 1;
  console.error(`Try: flashdiff ${Object.hasOwn(kCommands, name) ? `${name} ` : ''}--help`);
  return 2;
}

// A reader that has seen enough, such as head, is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

const args = process.argv.slice(2);
main(args).then(
  (code) => {
    process.exitCode = code;
  },
  (error) => {
    process.exitCode = report(error, args[0]);
  },
);

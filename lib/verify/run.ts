/** Runs problems on engines, a process each, since an engine is chosen once a process. */

import { fork } from 'node:child_process';
import { join } from 'node:path';
import type { Case } from './cases.js';
import type { Engine } from './engines.js';
import type { Outcome, Task } from './worker.js';

export interface EngineReport {
  readonly engine: string;
  readonly hardware: string;
  readonly right: number;
  readonly refused: number;
  /** Largest error as a share of its limit, over all problems. */
  readonly share: number;
  readonly seconds: number;
  readonly failures: readonly Outcome[];
}

/** `seen` is called after each problem. */
export async function runEngine(
  engine: Engine,
  cases: readonly Case[],
  seen: (outcome: Outcome) => void,
): Promise<EngineReport> {
  const start = performance.now();
  const outcomes: Outcome[] = [];
  const ended = await new Promise<string>((resolve) => {
    const child = fork(join(__dirname, 'worker.js'), {
      env: { ...process.env, ...engine.environment },
      execArgv: [],
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    child.on('message', (outcome: Outcome) => {
      outcomes.push(outcome);
      seen(outcome);
    });
    child.on('error', (error) => resolve(error.message));
    child.on('close', (code, signal) => resolve(signal ?? `exit code ${code}`));
    child.send({ device: engine.device, cases } satisfies Task);
  });
  const failures = outcomes.filter(({ verdict }) => verdict === 'wrong');
  const next = cases[outcomes.length];
  if (next) {
    const message = `the process of the engine ended with ${ended}`;
    failures.push({ seed: next.seed, name: '', verdict: 'wrong', share: 0, message });
  }
  const count = (verdict: string) => outcomes.filter((o) => o.verdict === verdict).length;
  return {
    engine: engine.name,
    hardware: engine.hardware,
    right: count('right'),
    refused: count('refused'),
    share: Math.max(0, ...outcomes.map(({ share }) => share)),
    seconds: (performance.now() - start) / 1000,
    failures,
  };
}

/** At most `limit` at a time, results in order. */
export async function inParallel<T, R>(
  items: readonly T[],
  limit: number,
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  const queue = [...items.entries()];
  const lane = async () => {
    for (let next = queue.shift(); next; next = queue.shift()) {
      results[next[0]] = await work(next[1]);
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, lane));
  return results;
}

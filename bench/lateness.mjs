// How late a program's timers and files are while something else goes on.
import { stat } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

const kInterval = 5;

/**
 * Until `until` settles: the lateness of a 5 ms interval, and how long fs.stat takes to answer, in
 * milliseconds.
 */
export async function lateness(until) {
  const timer = [];
  const stats = [];
  let last = performance.now();
  const interval = setInterval(() => {
    const now = performance.now();
    timer.push(Math.max(0, now - last - kInterval));
    last = now;
  }, kInterval);
  let done = false;
  const ended = until.finally(() => {
    done = true;
  });
  while (!done) {
    const start = performance.now();
    await stat(fileURLToPath(import.meta.url));
    stats.push(performance.now() - start);
    await new Promise((resolve) => setTimeout(resolve, kInterval));
  }
  clearInterval(interval);
  await ended;
  return {
    timerP99: quantile(timer, 0.99),
    statMedian: quantile(stats, 0.5),
    statP99: quantile(stats, 0.99),
    samples: stats.length,
  };
}

function quantile(values, share) {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length * share)];
}

import { once } from 'node:events';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import { Tensor } from 'flashdiff';

const [value] = await Tensor.from([42]).data();
if (isMainThread) {
  const [answer] = await once(new Worker(new URL(import.meta.url)), 'message');
  if (answer !== value) throw new Error(`expected ${value} from the worker, got ${answer}`);
  console.log('works in a worker thread');
} else {
  parentPort.postMessage(value);
}

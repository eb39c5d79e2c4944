import type { Worker } from 'node:worker_threads';
import type { Milli } from '../../time.ts';

/** What a thread is sent to make it end by itself: it finishes what it does and closes its port. */
export const END = 'end';

/** Less than the gateway waits for the whole process. */
const END_LIMIT: Milli = 1_500;

/**
 * Ends a thread and settles when it is gone. It is asked first: one that is terminated inside native code can take the
 * whole process with it, because that code finds no JavaScript any more to report to. Only one that does not listen is.
 */
export async function endThread(thread: Worker): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<unknown>((resolve) => {
    timer = setTimeout(() => resolve(thread.terminate()), END_LIMIT);
  });
  const gone = new Promise<unknown>((resolve) => thread.once('exit', resolve));
  thread.postMessage(END);
  await Promise.race([gone, late]);
  clearTimeout(timer);
}

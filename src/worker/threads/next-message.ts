import { once } from 'node:events';
import type { Worker } from 'node:worker_threads';
import { GatewayError } from '../../errors.ts';
import type { Milli } from '../../time.ts';

/**
 * The next message of a thread. What comes first of message, failure, exit and time-out decides.
 * @throws GatewayError worker_lost with the cause, timed_out
 */
export async function nextMessage<Message>(
  thread: Worker,
  { limit, of }: { readonly limit: Milli; /** Name of the thread, for the message. */ readonly of: string },
): Promise<Message> {
  const stop = new AbortController();
  const { signal } = stop;
  let timer: NodeJS.Timeout | undefined;
  try {
    const [message] = (await Promise.race([
      once(thread, 'message', { signal }),
      once(thread, 'exit', { signal }).then(() => Promise.reject(new Error('it ended'))),
      new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(new GatewayError('timed_out', `the ${of} must be in time`)), limit);
      }),
    ])) as [Message];
    return message;
  } catch (cause) {
    if (cause instanceof GatewayError) throw cause;
    throw new GatewayError('worker_lost', `the ${of} must not fail: ${String(cause)}`, { cause });
  } finally {
    stop.abort();
    clearTimeout(timer);
  }
}

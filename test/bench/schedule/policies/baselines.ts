import type { Milli } from '../../../../src/time.ts';
import type { BatchTimes } from '../profiles.ts';
import type { Policy } from '../simulate.ts';
import type { Job } from '../trace.ts';
import { cropsOf, fitting, hopeless, inTime, queuePolicy, type Choice, type Waiting } from './queue-policy.ts';
import { underServedFirst } from './under-served.ts';

/** Time for which Triton's batcher waits for more (`max_queue_delay_microseconds`), ms. */
const TRITON_DELAY: Milli = 2;
/** Time after which nvstreammux pushes what it has (`batched-push-timeout`): one frame at 30 fps. */
const PUSH_TIMEOUT: Milli = 1000 / 30;

type Make = (jobs: readonly Job[], times: BatchTimes) => Policy;
const queued =
  (choose: (waiting: Waiting, now: Milli) => Choice): Make =>
  (jobs, times) =>
    queuePolicy(jobs, times, choose);

/** Other ways to schedule, by name; each as its system does it, with the best setting we found for such streams. */
export const BASELINES: Readonly<Record<string, Make>> = {
  fifo: queued(() => ({ take: 1 })),
  triton: queued(triton),
  nvstreammux: queued(nvstreammux),
  eagerEdf: queued(eagerEdf),
  nexus: queued((waiting, now) => windowDrop(waiting, now)),
  symphony: queued(symphony),
  underServed: underServedFirst,
};

/** Dynamic batcher: first come, first served; a full batch at once, else after the delay; what is expired is rejected. */
function triton(waiting: Waiting, now: Milli): Choice {
  const { jobs, queue, times } = waiting;
  let give = 0;
  while (give < queue.length && jobs[queue[give]!]!.deadline < now) give++;
  if (give === queue.length) return { give, take: 0 };
  const take = fitting(waiting, times.length, give);
  const due = jobs[queue[give]!]!.release + TRITON_DELAY;
  return give + take < queue.length || take === times.length || now >= due ? { give, take } : { wakeAt: due };
}

/** Pushes a full batch, or what it has once the first of it has waited for the timeout. Gives nothing up. */
function nvstreammux(waiting: Waiting, now: Milli): Choice {
  const { jobs, queue, times } = waiting;
  const take = fitting(waiting, times.length);
  const due = jobs[queue[0]!]!.release + PUSH_TIMEOUT;
  return take < queue.length || take === times.length || now >= due ? { take } : { wakeAt: due };
}

/** Earliest deadline first, at once, as many as the first allows; what cannot be in time is given up. */
function eagerEdf(waiting: Waiting, now: Milli): Choice {
  const give = hopeless(waiting, now);
  return { give, take: give === waiting.queue.length ? 0 : inTime(waiting, now, give) };
}

/** Nexus: gives up the first jobs if the others then make a batch that does more a millisecond. */
function windowDrop(waiting: Waiting, now: Milli): { give: number; take: number } {
  const { queue, times } = waiting;
  let best = { give: hopeless(waiting, now), take: 0 };
  if (best.give === queue.length) return best;
  let bestRate = 0;
  for (let give = best.give; give < queue.length; give++) {
    const take = inTime(waiting, now, give);
    const crops = cropsOf(waiting, give, take);
    // 2 %: not for a hardly better batch.
    if (crops / times[crops - 1]! > bestRate * 1.02) {
      best = { give, take };
      bestRate = crops / times[crops - 1]!;
    }
    if (crops === times.length || give + take === queue.length) break;
  }
  return best;
}

/** Symphony: window drop, but a batch that is not full waits for as long as its first job allows. */
function symphony(waiting: Waiting, now: Milli): Choice {
  const { jobs, queue, times } = waiting;
  const choice = windowDrop(waiting, now);
  const { give, take } = choice;
  if (take === 0 || give + take < queue.length) return choice;
  const crops = cropsOf(waiting, give, take);
  if (crops === times.length) return choice;
  const latest = jobs[queue[give]!]!.deadline - times[crops]!;
  return now < latest ? { wakeAt: latest } : choice;
}

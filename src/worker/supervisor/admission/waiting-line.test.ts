import { expect, test } from 'vitest';
import { GatewayError } from '../../../errors.ts';
import { WaitingLine, type Turn } from './waiting-line.ts';

/** A line for places of a size, with somebody who waits for each. */
function line(...asked: number[]): {
  line: WaitingLine<number, string>;
  waiters: { told: number[]; leave: () => void; ends: Promise<string> }[];
} {
  const made = new WaitingLine<number, string>(8);
  const waiters = asked.map((size) => {
    const told: number[] = [];
    const controller = new AbortController();
    const ends = made
      .join(size, { onPosition: (position) => told.push(position), signal: controller.signal })
      .catch((error: unknown) => (error instanceof GatewayError ? error.code : String(error)));
    return { told, leave: () => controller.abort(), ends };
  });
  return { line: made, waiters };
}

/** Gives places out of so much room. */
function room(left: number): (asked: number) => Turn<string> {
  return (asked) => {
    if (asked > left) return 'waits';
    left -= asked;
    return { given: `of ${asked}` };
  };
}

test('those who fit are let in, and the others move up and are told', async () => {
  const { line: waiting, waiters } = line(3, 1, 2);

  waiting.serve(room(2));
  expect([await waiters[1]!.ends, waiting.length]).toEqual(['of 1', 2]);
  waiting.serve(room(5));

  expect([await waiters[0]!.ends, await waiters[2]!.ends, waiting.length]).toEqual(['of 3', 'of 2', 0]);
  expect(waiters.map(({ told }) => [told[0], told.at(-1)])).toEqual([
    [1, 1],
    [2, 2],
    [3, 2],
  ]);
});

test('who leaves gives up the place in line, once', async () => {
  const { line: waiting, waiters } = line(1, 1, 1);

  waiters[0]!.leave();
  waiters[0]!.leave();
  expect(await waiters[0]!.ends).toBe('closed');
  waiting.serve(room(1));
  waiters[1]!.leave();

  expect([await waiters[1]!.ends, waiting.length, waiters[2]!.told.at(-1)]).toEqual(['of 1', 1, 1]);
});

test('those for whom there will be no place, and all when it closes, are told', async () => {
  const { line: waiting, waiters } = line(9, 1);

  waiting.serve((asked) => (asked > 8 ? { failed: new GatewayError('capacity_full', 'never') } : 'waits'));
  waiting.close(new GatewayError('worker_lost', 'over'));

  expect([await waiters[0]!.ends, await waiters[1]!.ends, waiting.length]).toEqual(['capacity_full', 'worker_lost', 0]);
});

import { expect, test } from 'vitest';
import { CAUSE, type Cause, type SessionState } from '../sdk/session-state.ts';
import { describe } from './describe.ts';
import type { Blocker, PageState } from './page-state.ts';

const calling = (call: SessionState): PageState => ({ name: 'calling', call });
const waiting = (cause: Cause): PageState => calling({ name: 'waiting', until: 0, cause });
const BLOCKERS: readonly Blocker[] = ['person', 'question', 'microphone', 'system', 'address'];

test('whatever keeps a call from being live is told in sentences without a word of the trade', () => {
  const states: PageState[] = [
    ...BLOCKERS.map((by): PageState => ({ name: 'blocked', by, device: '' })),
    { name: 'unplugged', device: '', present: [], lost: false },
    { name: 'unplugged', device: '', present: [], lost: true },
    { name: 'busy', device: '', until: 0, lost: false },
    ...Object.values(CAUSE).flatMap((cause) => [
      waiting(cause),
      calling({ name: 'connecting', until: 0, cause }),
      calling({ name: 'restoring', until: 0, cause }),
    ]),
    ...['closed', 'capacity_full', 'worker_lost', 'timed_out', 'internal'].map((code) =>
      waiting({ code, message: '' }),
    ),
    calling({ name: 'queued', position: 1 }),
    calling({ name: 'queued', position: 3 }),
    { name: 'ended', cause: { code: 'token_invalid', message: '' } },
  ];
  for (const state of states) {
    const { sentence, label } = describe(state, true);
    expect(sentence, JSON.stringify(state)).toMatch(/^[A-Z].+\.$/);
    expect(sentence).not.toMatch(/socket|ICE|peer|track|stream|Error|session|packet/);
    expect(label.split(' ').length).toBeLessThanOrEqual(3);
  }
});

test('a call that is live, being checked, or made for the first time needs no sentence', () => {
  for (const call of [
    { name: 'live' },
    { name: 'connecting', until: 0 },
    { name: 'checking', until: 0, cause: CAUSE.woke },
  ])
    expect(describe(calling(call as SessionState), true).sentence).toBe('');
});

test('attempts at a busy camera change nothing of what is shown', () => {
  const busy = describe({ name: 'busy', device: '', until: 0, lost: false }, true);
  expect(describe({ name: 'asking', device: '', lost: false, busy: true }, true)).toEqual(busy);
});

test('without a network that is the reason, whatever was first', () => {
  expect(describe(waiting(CAUSE.gone), false).sentence).toMatch(/no network/);
  // A gateway on this machine needs none.
  expect(describe(calling({ name: 'live' }), false).sentence).toBe('');
});

test('“Try now” is there where trying may help', () => {
  expect(describe(waiting(CAUSE.gone), true).retry).toBe(true);
  expect(describe({ name: 'blocked', by: 'question', device: '' }, true).retry).toBe(true);
  expect(describe({ name: 'blocked', by: 'address', device: '' }, true).retry).toBe(false);
  expect(describe(calling({ name: 'live' }), true).retry).toBe(false);
});

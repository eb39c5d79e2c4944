import { expect, test } from 'vitest';
import {
  CAUSE,
  CHECKING_FOR,
  CONNECTING_FOR,
  nextSessionState,
  RESTORING_FOR,
  type SessionEvent,
  type SessionState,
} from './session-state.ts';

const WAIT = 500;
const connected: SessionEvent = { name: 'path', state: 'connected' };
const disconnected: SessionEvent = { name: 'path', state: 'disconnected' };
const failed: SessionEvent = { name: 'path', state: 'failed' };
const timeUp: SessionEvent = { name: 'time-up' };
const gone: SessionEvent = { name: 'broke', cause: CAUSE.gone };
const woke: SessionEvent = { name: 'hint', cause: CAUSE.woke };
const full = { code: 'capacity_full', message: 'full' };

/** Takes the events one second after the other, from a session that was never opened. */
function after(...events: SessionEvent[]): SessionState {
  const wait = (atLeast = 0): number => Math.max(atLeast, WAIT);
  return events.reduce<SessionState>(
    (state, event, index) => nextSessionState(state, event, { now: 1000 * index, wait }),
    {
      name: 'closed',
    },
  );
}
const live: SessionEvent[] = [{ name: 'open' }, connected];

test('a call connects, and what does not connect in time is tried again', () => {
  expect(after({ name: 'open' })).toEqual({ name: 'connecting', until: CONNECTING_FOR });
  expect(after(...live)).toEqual({ name: 'live' });
  expect(after({ name: 'open' }, timeUp)).toEqual({ name: 'waiting', until: 1000 + WAIT, cause: CAUSE.silent });
  expect(after({ name: 'open' }, failed)).toEqual({ name: 'waiting', until: 1000 + WAIT, cause: CAUSE.path });
});

test('a call whose gateway goes waits at least as long as the gateway says, then connects anew and remembers why', () => {
  expect(after(...live, gone)).toEqual({ name: 'waiting', until: 2000 + WAIT, cause: CAUSE.gone });
  const told = after(...live, { name: 'broke', cause: full, atLeast: 3000 });
  expect(told).toEqual({ name: 'waiting', until: 5000, cause: full });
  expect(after(...live, gone, timeUp)).toEqual({ name: 'connecting', until: 3000 + CONNECTING_FOR, cause: CAUSE.gone });
});

test('a call that waits in line does so until it is let in, and begins anew where the gateway is silent or gone', () => {
  const inLine: SessionEvent[] = [{ name: 'open' }, { name: 'queued', position: 2 }];
  expect(after(...inLine)).toEqual({ name: 'queued', position: 2 });
  expect(after(...inLine, { name: 'queued', position: 1 }, timeUp)).toEqual({ name: 'queued', position: 1 });
  expect(after(...inLine, { name: 'admitted' })).toEqual({
    ...{ name: 'connecting', until: 2000 + CONNECTING_FOR, admitted: true },
  });
  expect(after(...inLine, { name: 'admitted' }, connected)).toEqual({ name: 'live' });
  expect(after(...inLine, gone)).toEqual({ name: 'waiting', until: 2000 + WAIT, cause: CAUSE.gone });
  expect(after(...inLine, { name: 'silent' })).toMatchObject({ name: 'connecting', cause: CAUSE.silent });
});

test('after sleep the gateway is asked: an answer leaves the call as it is, silence ends it in two seconds', () => {
  expect(after(...live, woke)).toEqual({ name: 'checking', until: 2000 + CHECKING_FOR, cause: CAUSE.woke });
  expect(after(...live, woke, { name: 'answered' })).toEqual({ name: 'live' });
  expect(after(...live, woke, timeUp)).toEqual({ name: 'connecting', until: 3000 + CONNECTING_FOR, cause: CAUSE.woke });
});

test('a socket that closes while it is checked tells less than why it was checked; what the gateway says tells more', () => {
  expect(after(...live, woke, gone)).toMatchObject({ name: 'waiting', cause: CAUSE.woke });
  expect(after(...live, woke, { name: 'broke', cause: full })).toMatchObject({ name: 'waiting', cause: full });
});

test('a silent gateway is asked, but only in a call: who connects or waits has nothing to hear yet', () => {
  const silent: SessionEvent = { name: 'silent' };
  expect(after(...live, silent)).toEqual({ name: 'checking', until: 2000 + CHECKING_FOR, cause: CAUSE.silent });
  expect(after({ name: 'open' }, silent)).toEqual(after({ name: 'open' }));
  expect(after(...live, gone, silent)).toEqual(after(...live, gone));
});

test('another network, or waking up, does not wait for the next attempt', () => {
  const network: SessionEvent = { name: 'hint', cause: CAUSE.network };
  expect(after(...live, gone, network)).toMatchObject({ name: 'connecting', cause: CAUSE.network });
  expect(after({ name: 'open' }, woke)).toMatchObject({ name: 'connecting', until: 1000 + CONNECTING_FOR });
});

test('an interrupted path is looked for in the same session, for three seconds', () => {
  expect(after(...live, disconnected)).toEqual({ name: 'restoring', until: 2000 + RESTORING_FOR, cause: CAUSE.path });
  expect(after(...live, disconnected, connected)).toEqual({ name: 'live' });
  expect(after(...live, disconnected, disconnected)).toMatchObject({ name: 'restoring', until: 2000 + RESTORING_FOR });
  expect(after(...live, disconnected, timeUp)).toMatchObject({ name: 'connecting', cause: CAUSE.path });
  expect(after(...live, disconnected, failed)).toMatchObject({ name: 'connecting', cause: CAUSE.path });
  expect(after(...live, woke, disconnected)).toMatchObject({ name: 'restoring', cause: CAUSE.woke });
});

test('what the gateway refuses for good stays closed, whatever comes, until it is opened again', () => {
  const refused = { code: 'token_invalid', message: 'expired' };
  const events: SessionEvent[] = [{ name: 'open' }, { name: 'refused', cause: refused }];
  expect(after(...events, woke, timeUp, connected, gone)).toEqual({ name: 'closed', cause: refused });
  expect(after(...events, { name: 'open' })).toMatchObject({ name: 'connecting' });
});

test('a call that its owner closed gives no reason and does not come back', () => {
  expect(after(...live, { name: 'close' }, gone, timeUp, woke)).toEqual({ name: 'closed' });
});

test('what says nothing new leaves the very same state, so that nothing is done twice', () => {
  const time = { now: 0, wait: () => WAIT };
  const checking = after(...live, woke);
  expect(nextSessionState(checking, woke, time)).toBe(checking);
  const waiting = after(...live, gone);
  expect(nextSessionState(waiting, gone, time)).toBe(waiting);
  const open = after(...live);
  expect(nextSessionState(open, { name: 'answered' }, time)).toBe(open);
  expect(nextSessionState(open, timeUp, time)).toBe(open);
});

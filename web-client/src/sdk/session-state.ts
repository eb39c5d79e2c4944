import { assertNever } from '../../../src/errors.ts';

/** Why a call is not live: a code of the gateway (docs/protocol.md), or one of `CAUSE`. */
export interface Cause {
  readonly code: string;
  readonly message: string;
}

/** What the client notices by itself. */
export const CAUSE = {
  gone: { code: 'gateway_gone', message: 'the gateway’s socket closed' },
  silent: { code: 'gateway_silent', message: 'the gateway does not answer' },
  path: { code: 'path_lost', message: 'packets no longer get through' },
  woke: { code: 'woke', message: 'this computer was asleep' },
  network: { code: 'network_changed', message: 'the network changed' },
} as const satisfies Record<string, Cause>;

interface Connecting {
  readonly name: 'connecting';
  readonly until: number;
  /** What ended the call before. */
  readonly cause?: Cause;
  /** Out of the line: the gateway has this session already, and is not to be dialled anew. */
  readonly admitted?: true;
}

/** Instants are milliseconds of `performance.now()`. */
export type SessionState =
  | Connecting
  | { readonly name: 'live' }
  /** The gateway is full: the caller is so manyth in line, from 1. */
  | { readonly name: 'queued'; readonly position: number }
  /** The call may be dead without having said so, e.g. after sleep: the gateway is asked for a sign of life. */
  | { readonly name: 'checking'; readonly until: number; readonly cause: Cause }
  /** The way of the media is interrupted; another is looked for, in the same session. */
  | { readonly name: 'restoring'; readonly until: number; readonly cause: Cause }
  /** The call broke and is tried again at `until`. */
  | { readonly name: 'waiting'; readonly until: number; readonly cause: Cause }
  /** `cause`: the gateway's reason, if it was not the caller who closed it. */
  | { readonly name: 'closed'; readonly cause?: Cause };

export type SessionEvent =
  | { readonly name: 'open' | 'close' | 'time-up' }
  /** The gateway has not said a word for a while, although it should. */
  | { readonly name: 'silent' }
  /** The gateway gave the sign of life that it was asked for. */
  | { readonly name: 'answered' }
  /** The gateway has no place yet, and says how many are before. */
  | { readonly name: 'queued'; readonly position: number }
  /** The gateway has opened the session. */
  | { readonly name: 'admitted' }
  | { readonly name: 'path'; readonly state: 'connected' | 'disconnected' | 'failed' }
  /** The session is over, and another is worth trying, after at least so many milliseconds. */
  | { readonly name: 'broke'; readonly cause: Cause; readonly atLeast?: number }
  /** The session is over, and another would be refused as well. */
  | { readonly name: 'refused'; readonly cause: Cause }
  /** Something happened that a call may not outlast. */
  | { readonly name: 'hint'; readonly cause: Cause };

export interface SessionTime {
  /** Milliseconds of `performance.now()`. */
  readonly now: number;
  /** How long to wait before the next attempt, milliseconds. */
  wait(atLeast?: number): number;
}

/** From the first word to the first packet: a gateway answers `hello` and `offer` within 10 s, or never. */
export const CONNECTING_FOR = 15_000;
/** A sign of life takes one round trip. */
export const CHECKING_FOR = 2000;
/** A way that comes back by itself or is found anew does so within two or three checks. */
export const RESTORING_FOR = 3000;

/** What follows `event`; the same state if nothing does. */
export function nextSessionState(state: SessionState, event: SessionEvent, time: SessionTime): SessionState {
  if (event.name === 'open') return connecting(time);
  if (event.name === 'close') return state.name === 'closed' ? state : { name: 'closed' };
  if (event.name === 'refused') return { name: 'closed', cause: event.cause };
  switch (state.name) {
    case 'connecting':
      if (event.name === 'path' && event.state === 'connected') return { name: 'live' };
      if (event.name === 'hint') return connecting(time, event.cause);
      if (event.name === 'queued') return { name: 'queued', position: event.position };
      if (event.name === 'time-up') return waiting(time, CAUSE.silent);
      return broken(state, event, time);
    case 'queued':
      if (event.name === 'queued')
        return event.position === state.position ? state : { name: 'queued', position: event.position };
      if (event.name === 'admitted') return { ...connecting(time), admitted: true };
      // The position is said each second: a gateway that does not has forgotten the caller.
      if (event.name === 'silent') return connecting(time, CAUSE.silent);
      if (event.name === 'hint') return connecting(time, event.cause);
      return broken(state, event, time);
    case 'live':
      if (event.name === 'path' && event.state === 'disconnected') return restoring(time, CAUSE.path);
      if (event.name === 'hint') return checking(time, event.cause);
      if (event.name === 'silent') return checking(time, CAUSE.silent);
      return broken(state, event, time);
    case 'checking':
      if (event.name === 'answered') return { name: 'live' };
      if (event.name === 'path' && event.state === 'disconnected') return restoring(time, state.cause);
      if (event.name === 'time-up') return connecting(time, state.cause);
      return broken(state, event, time);
    case 'restoring':
      if (event.name === 'path' && event.state === 'connected') return { name: 'live' };
      // A new call may get through where this one cannot, e.g. because its gateway has forgotten it.
      if (event.name === 'time-up' || (event.name === 'path' && event.state === 'failed'))
        return connecting(time, state.cause);
      return broken(state, event, time);
    case 'waiting':
      if (event.name === 'hint') return connecting(time, event.cause);
      return event.name === 'time-up' ? connecting(time, state.cause) : state;
    case 'closed':
      return state;
    default:
      return assertNever(state);
  }
}

/** What ends a call in every state that has one. A socket that just closes tells less than what came before. */
function broken(state: SessionState, event: SessionEvent, time: SessionTime): SessionState {
  if (event.name === 'path' && event.state === 'failed') return waiting(time, CAUSE.path);
  if (event.name !== 'broke') return state;
  const known = state.name === 'checking' || state.name === 'restoring' ? state.cause : event.cause;
  return waiting(time, event.cause === CAUSE.gone ? known : event.cause, event.atLeast);
}

function connecting({ now }: SessionTime, cause?: Cause): Connecting {
  return { name: 'connecting', until: now + CONNECTING_FOR, ...(cause && { cause }) };
}

function checking({ now }: SessionTime, cause: Cause): SessionState {
  return { name: 'checking', until: now + CHECKING_FOR, cause };
}

function restoring({ now }: SessionTime, cause: Cause): SessionState {
  return { name: 'restoring', until: now + RESTORING_FOR, cause };
}

function waiting({ now, wait }: SessionTime, cause: Cause, atLeast?: number): SessionState {
  return { name: 'waiting', until: now + wait(atLeast), cause };
}

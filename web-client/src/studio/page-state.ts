import { assertNever } from '../../../src/errors.ts';
import type { Cause, SessionState } from '../sdk/session-state.ts';

/** Who or what keeps the camera from us. */
export type Blocker =
  /** The person, or the browser's settings. */
  | 'person'
  /** The question was closed without an answer. */
  | 'question'
  /** The same for the microphone. */
  | 'microphone'
  /** The operating system. */
  | 'system'
  /** The page is neither on localhost nor https. */
  | 'address';

/** Why there is no camera picture. */
export type Refusal =
  | { readonly kind: 'blocked'; readonly by: Blocker }
  /** There is none, or not the one that is asked for. `present`: ids of those that there are. */
  | { readonly kind: 'gone'; readonly present: readonly string[] }
  /** Another program has it. */
  | { readonly kind: 'busy' }
  | { readonly kind: 'broken'; readonly cause: Cause };

/** What the page is doing. Instants are milliseconds of `performance.now()`. */
export type PageState =
  | { readonly name: 'off' }
  /**
   * The browser is asked for the camera with this id (empty: its first). `lost`: the picture was there before; `busy`:
   * another program had the camera when it was last asked for.
   */
  | { readonly name: 'asking'; readonly device: string; readonly lost: boolean; readonly busy?: true }
  /** Waits for the permission. */
  | { readonly name: 'blocked'; readonly by: Blocker; readonly device: string }
  /** Waits for the camera with this id, or for one that is not among `present`. */
  | {
      readonly name: 'unplugged';
      readonly device: string;
      readonly present: readonly string[];
      readonly lost: boolean;
    }
  /** Another program has the camera; it is asked for again at `until`. */
  | { readonly name: 'busy'; readonly device: string; readonly until: number; readonly lost: boolean }
  /** The camera runs; how the call is. */
  | { readonly name: 'calling'; readonly call: SessionState }
  /** Nothing goes on by itself. */
  | { readonly name: 'ended'; readonly cause: Cause };

export type PageEvent =
  | { readonly name: 'start'; readonly device: string }
  | { readonly name: 'stop' | 'retry' | 'time-up' }
  | { readonly name: 'opened'; readonly call: SessionState }
  | { readonly name: 'refused'; readonly refusal: Refusal }
  /** The camera's track ended by itself. */
  | { readonly name: 'lost'; readonly device: string }
  /** A permission changed. */
  | { readonly name: 'permission'; readonly state: PermissionState }
  /** Cameras came or went. */
  | { readonly name: 'devices'; readonly ids: readonly string[] }
  /** The person is back from another window, where the system may have been told to let us. */
  | { readonly name: 'back' }
  | { readonly name: 'call'; readonly call: SessionState };

export interface PageClock {
  /** Milliseconds of `performance.now()`. */
  readonly now: number;
  /** How long to wait before a camera that is busy is asked for again, milliseconds. */
  wait(): number;
}

/** What follows `event`; the same state if nothing does. */
export function nextPageState(state: PageState, event: PageEvent, clock: PageClock): PageState {
  if (event.name === 'start') return { name: 'asking', device: event.device, lost: false };
  if (event.name === 'stop') return { name: 'off' };
  switch (state.name) {
    case 'off':
    case 'ended':
      return state;
    case 'asking':
      if (event.name === 'opened') return calling(event.call);
      if (event.name === 'refused') return refused(state, event.refusal, clock);
      return overIfRefused(state, event);
    case 'blocked':
      if (event.name === 'permission') return event.state === 'denied' ? { ...state, by: 'person' } : again(state);
      if (event.name === 'retry' || (event.name === 'back' && state.by === 'system')) return again(state);
      return overIfRefused(state, event);
    case 'unplugged':
      if (event.name === 'retry') return again(state);
      if (event.name === 'devices') return found(state, event.ids);
      return overIfRefused(state, event);
    case 'busy':
      if (event.name === 'time-up' || event.name === 'retry' || event.name === 'devices')
        return { name: 'asking', device: state.device, lost: state.lost, busy: true };
      return overIfRefused(state, event);
    case 'calling':
      if (event.name === 'call') return calling(event.call);
      if (event.name === 'lost') return { name: 'asking', device: event.device, lost: true };
      return state;
    default:
      return assertNever(state);
  }
}

/** A call goes on without a camera, until the gateway ends it for good. */
function overIfRefused(state: PageState, event: PageEvent): PageState {
  return event.name === 'call' && event.call.name === 'closed' ? calling(event.call) : state;
}

function calling(call: SessionState): PageState {
  if (call.name !== 'closed') return { name: 'calling', call };
  return call.cause ? { name: 'ended', cause: call.cause } : { name: 'off' };
}

function refused(asked: Extract<PageState, { name: 'asking' }>, refusal: Refusal, { now, wait }: PageClock): PageState {
  const { device, lost } = asked;
  switch (refusal.kind) {
    case 'blocked':
      return { name: 'blocked', by: refusal.by, device };
    case 'gone':
      // One that came back while it was asked for tells of itself no more.
      if (refusal.present.includes(device)) return { name: 'busy', device, until: now + wait(), lost };
      return { name: 'unplugged', device, present: refusal.present, lost };
    case 'busy':
      return { name: 'busy', device, until: now + wait(), lost };
    case 'broken':
      return { name: 'ended', cause: refusal.cause };
    default:
      return assertNever(refusal);
  }
}

/** The camera that is missed, or one that was plugged in instead; one that was there all along is the person's to choose. */
function found(state: Extract<PageState, { name: 'unplugged' }>, ids: readonly string[]): PageState {
  const device = ids.find((id) => id === state.device) ?? ids.find((id) => !state.present.includes(id));
  return device === undefined ? { ...state, present: ids } : again({ ...state, device });
}

function again({ device, lost = false }: { readonly device: string; readonly lost?: boolean }): PageState {
  return { name: 'asking', device, lost };
}

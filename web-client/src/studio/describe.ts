import { assertNever } from '../../../src/errors.ts';
import type { Cause, SessionState } from '../sdk/session-state.ts';
import type { Blocker, PageState } from './page-state.ts';
import { inPlainWords } from './plain-words.ts';

/** What the page shows of its state. */
export interface Shown {
  /** For colours: the name of the state, of the call while the camera runs. */
  readonly name: PageState['name'] | SessionState['name'];
  /** Two or three words. */
  readonly label: string;
  /** What is the matter, and how it goes on; empty where all is well. */
  readonly sentence: string;
  /** It may help to try now instead of later. */
  readonly retry: boolean;
}

const BLOCKED: Readonly<Record<Blocker, string>> = {
  person:
    'The camera is blocked. Click the symbol at the left of the address bar and allow the camera for this page. It then starts by itself.',
  question: 'You have not allowed the camera yet. Press “Try now”, then choose “Allow” in the browser’s question.',
  microphone:
    'The microphone is blocked. Allow it at the left of the address bar, or untick “Microphone”. The call then starts by itself.',
  system:
    'Your computer does not let this browser use the camera. Allow it in the system’s settings, under privacy, then come back to this page.',
  address:
    'A browser gives the camera only to secure pages. Open this page on localhost or by https (npm start -- --https).',
};

/** @param online false if the browser knows of no network */
export function describe(state: PageState, online: boolean): Shown {
  switch (state.name) {
    case 'off':
      return shown(state.name, 'Camera off');
    case 'asking':
      // Until it turns out otherwise, so that nothing flickers, and nothing is read out, at each attempt.
      if (state.busy) return { ...shown('busy', 'Camera in use', IN_USE), retry: true };
      if (state.lost) return shown(state.name, 'Opening camera …');
      return shown(state.name, 'Opening camera …', 'If the browser asks, allow the camera.');
    case 'blocked':
      return { ...shown(state.name, 'Camera blocked', BLOCKED[state.by]), retry: state.by !== 'address' };
    case 'unplugged':
      return { ...shown(state.name, 'No camera', noCamera(state.lost)), retry: true };
    case 'busy':
      return { ...shown(state.name, 'Camera in use', IN_USE), retry: true };
    case 'calling':
      return describeCall(state.call, online);
    case 'ended':
      return shown(state.name, 'Ended', inPlainWords(state.cause.code, state.cause.message));
    default:
      return assertNever(state);
  }
}

const IN_USE = 'Another program uses the camera. Close it there. It is tried again by itself.';

function noCamera(lost: boolean): string {
  return lost
    ? 'The camera was unplugged. Plug it in again, or choose another one. The call then goes on by itself.'
    : 'No camera was found. Plug one in. It then starts by itself.';
}

function describeCall(call: SessionState, online: boolean): Shown {
  switch (call.name) {
    case 'connecting':
      if (!call.cause) return shown(call.name, 'Connecting …');
      return shown(call.name, 'Reconnecting …', why(call.cause, online));
    case 'live':
      return shown(call.name, 'Live');
    case 'queued':
      return shown(call.name, 'In line', inLine(call.position));
    case 'checking':
      return shown(call.name, 'Checking …');
    case 'restoring':
      return shown(call.name, 'Reconnecting …', why(call.cause, online));
    case 'waiting':
      return { ...shown(call.name, 'Reconnecting …', why(call.cause, online)), retry: true };
    case 'closed':
      return shown(call.name, 'Ended');
    default:
      return assertNever(call);
  }
}

function inLine(position: number): string {
  const place = position === 1 ? 'You are next' : `You are number ${position} in line`;
  return `The gateway is full. ${place}. The call starts by itself.`;
}

function why({ code, message }: Cause, online: boolean): string {
  if (!online) return 'There is no network. The call comes back by itself as soon as there is one.';
  return inPlainWords(code, message);
}

function shown(name: Shown['name'], label: string, sentence = ''): Shown {
  return { name, label, sentence, retry: false };
}

import type { HeadState } from './head.ts';
import type { PortraitName } from './portrait.ts';
import type { Script } from './scene.ts';
import type { ThingName, ThingState } from './things.ts';

/** Seconds of the talking clip; it ends as it begins, so that it loops without a jump. */
export const TALK_SECONDS = 10;
/** Seconds of the talking clip in which the head moves fast: up to one face width in half a second. */
export const FAST_PART = { from: 6, to: 8.5 } as const;

/** `cycles` whole swings in the talking clip. */
function swing(second: number, cycles: number, phase = 0): number {
  return Math.sin((2 * Math.PI * cycles * second) / TALK_SECONDS + phase);
}

/** 0 before `from`, 1 after `to`, smooth between. */
function ease(second: number, from: number, to: number): number {
  const share = Math.min(1, Math.max(0, (second - from) / (to - from)));
  return share * share * (3 - 2 * share);
}

/** Speech, blinks and small movements, as somebody in a call makes them. */
function talk(second: number, size: number, liveliness = 1): HeadState {
  const fast = ease(second, FAST_PART.from, 6.4) * (1 - ease(second, 8.1, FAST_PART.to)) * liveliness;
  const sway = Math.sin(2 * Math.PI * 1.2 * (second - FAST_PART.from));
  const untilBlink = Math.abs(((second + 0.6) % (TALK_SECONDS / 3)) - TALK_SECONDS / 6);
  return {
    x: 0.07 * liveliness * swing(second, 1) + 0.1 * fast * sway,
    y: 0.02 + 0.02 * swing(second, 2, 1),
    size: size * (1 + 0.05 * swing(second, 1, 2)),
    yaw: 16 * liveliness * swing(second, 2, 0.4) + 8 * fast * sway,
    pitch: 7 * liveliness * swing(second, 1, 1.1),
    roll: 5 * liveliness * swing(second, 1, 2.2),
    mouth: Math.min(1, Math.max(0, 0.6 * swing(second, 12) + 0.5 * swing(second, 19))),
    blink: Math.max(0, 1 - untilBlink / 0.13),
    brow: Math.max(0, swing(second, 3, 0.7)) * 0.5,
  };
}

/** One person who talks. @param size face width in frame heights; 0.42 makes the face 45 % of the height. */
export function talkingHead(size = 0.42, portrait: PortraitName = 'hopper'): Script {
  return { seconds: TALK_SECONDS, cast: [{ portrait, at: (second) => talk(second, size) }] };
}

/** Something passes before the talker's face: up to it, stays, and goes, between these seconds. */
function passing(thing: ThingName, from: number, state: ThingState, way: { readonly x: number; readonly y: number }) {
  const to = from + 1.8;
  const at = (second: number): ThingState | undefined => {
    if (second < from || second > to) return undefined;
    const away = 1 - ease(second, from, from + 0.6) + ease(second, to - 0.6, to);
    return { ...state, x: state.x + away * way.x, y: state.y + away * way.y };
  };
  return { thing, at };
}

/** A talker before whose face hair, a hand, a microphone and other things pass. */
export function covered(size = 0.42): Script {
  return {
    ...talkingHead(size),
    things: [
      passing('hair', 1.5, { x: -0.07, y: -0.1, size: 0.2, roll: -10 }, { x: -0.05, y: -0.6 }),
      passing('hand', 3.3, { x: 0.1, y: 0.15, size: 0.2, roll: -25 }, { x: 0.5, y: 0.5 }),
      passing('glove', 5.1, { x: -0.1, y: 0.12, size: 0.2, roll: 20 }, { x: -0.5, y: 0.5 }),
      passing('microphone', 6.7, { x: 0.05, y: 0.22, size: 0.2, roll: -10 }, { x: 0.2, y: 0.6 }),
      passing('cup', 8.2, { x: 0.02, y: 0.2, size: 0.2, roll: 0 }, { x: 0.4, y: 0.5 }),
    ],
  };
}

/** To 90° on one side, back, to 90° on the other, and back, with a hold at each end. */
export function turning(size = 0.38): Script {
  const yaw = (second: number) =>
    90 * (ease(second, 1, 2.5) - ease(second, 3, 4.5)) - 90 * (ease(second, 5.5, 6.5) - ease(second, 7.5, 8.5));
  return {
    seconds: 10,
    cast: [{ portrait: 'hopper', at: (second) => ({ ...talk(second, size, 0.3), yaw: yaw(second) }) }],
  };
}

/** Out to the right at a walk, gone for two seconds, in again; then out to the left at a run and back from below. */
export function leavingAndReturning(size = 0.38): Script {
  const away = (second: number): { x: number; y: number } => {
    if (second < 5) return { x: 1.3 * (ease(second, 1, 2) - ease(second, 4, 5)), y: 0 };
    if (second < 8) return { x: -1.3 * ease(second, 6, 6.4), y: 0 };
    return { x: 0, y: 1.1 * (1 - ease(second, 8.2, 9)) };
  };
  return {
    seconds: 10,
    cast: [
      {
        portrait: 'hopper',
        at: (second) => {
          const { x, y } = away(second);
          if (Math.abs(x) > 1.25 || y > 1.05) return undefined;
          const state = talk(second, size, 0.3);
          return { ...state, x: state.x + x, y: state.y + y };
        },
      },
    ],
  };
}

/** A second person comes in from the right, stays beside the first and leaves. */
export function twoPeople(size = 0.28): Script {
  return {
    seconds: 10,
    cast: [
      { portrait: 'hopper', at: (second) => offset(talk(second, size, 0.4), -0.3, 0) },
      {
        portrait: 'astronaut',
        at: (second) => {
          const away = 1 - (ease(second, 1.5, 3) - ease(second, 7.5, 9));
          if (away > 0.99) return undefined;
          return offset(talk((second + 3.7) % TALK_SECONDS, size, 0.4), 0.35 + 0.8 * away, 0);
        },
      },
    ],
  };
}

/** Two people pass each other, the first in front, and back again. */
export function crossing(size = 0.28): Script {
  const across = (second: number): number => 0.4 * (2 * (ease(second, 1.5, 3.5) - ease(second, 6, 8)) - 1);
  return {
    seconds: 10,
    cast: [
      {
        portrait: 'astronaut',
        at: (second) => offset(talk((second + 3.7) % TALK_SECONDS, size * 0.9, 0.4), -across(second), -0.02),
      },
      { portrait: 'hopper', at: (second) => offset(talk(second, size, 0.4), across(second), 0.02) },
    ],
  };
}

/** One of two people leaves to the right; somebody else comes from there and takes their place, then also goes. */
export function replacing(size = 0.28): Script {
  return {
    seconds: 10,
    cast: [
      {
        portrait: 'astronaut',
        at: (second) => {
          const away = 1 - (ease(second, 4.5, 6) - ease(second, 8.5, 9.8));
          return away > 0.99 ? undefined : offset(talk((second + 3.7) % TALK_SECONDS, size, 0.4), 0.3 + 0.8 * away, 0);
        },
      },
      { portrait: 'hopper', at: (second) => offset(talk(second, size, 0.4), -0.35, 0) },
      {
        portrait: 'hopper',
        at: (second) => {
          const away = ease(second, 2, 3.5) + (second > 5 ? -ease(second, 9.8, 10) : 0);
          return away > 0.99 ? undefined : offset(talk((second + 1.1) % TALK_SECONDS, size, 0.4), 0.3 + 0.8 * away, 0);
        },
      },
    ],
  };
}

/** Somebody far behind comes nearer, until their face is the largest in the picture. */
export function bystander(size = 0.3): Script {
  return {
    seconds: 10,
    cast: [
      {
        portrait: 'astronaut',
        at: (second) => offset(talk((second + 2.3) % TALK_SECONDS, 0.09 + 0.033 * second, 0.3), 0.45, 0),
      },
      { portrait: 'hopper', at: (second) => offset(talk(second, size, 0.4), -0.3, 0.04) },
    ],
  };
}

function offset(state: HeadState, x: number, y: number): HeadState {
  return { ...state, x: state.x + x, y: state.y + y };
}

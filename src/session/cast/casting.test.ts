import { describe, expect, test } from 'vitest';
import { box, PERIOD, tracked } from '../../../test/support/exposure-play.ts';
import type { HeadPose } from '../../face/face.ts';
import type { PreparedIdentity } from '../../swap/swap.ts';
import type { Part, Wearer } from './cast.ts';
import { Casting } from './casting.ts';

/** Identities are told apart by their names alone. */
const identity = (id: string) => ({ id }) as PreparedIdentity;
const [A, B, EVERYBODY] = [identity('a'), identity('b'), identity('everybody')];
const PLACES: readonly Wearer[] = [
  { identity: A, position: 1 },
  { identity: B, position: -1 },
];

/** An embedding of one person: most of it in one of 512 directions. */
function embedding(person: number, blur = 0): Float32Array {
  const values = new Float32Array(512).fill(blur / Math.sqrt(512));
  values[person] = 1;
  return values;
}

/** Frames at 30 a second, with faces at heights of their own: id → middle, pixels. */
class Frames {
  readonly casting = new Casting();
  now = 1000;
  constructor(wearers: readonly Wearer[]) {
    this.casting.choose(wearers);
  }
  frame(at: Readonly<Record<number, number>>, pose: Partial<HeadPose> = {}): Record<number, Part> {
    this.now += PERIOD;
    return Object.fromEntries(this.casting.assign({ tracked: this.faces(at, pose) }, EVERYBODY, this.now));
  }
  faces(at: Readonly<Record<number, number>>, pose: Partial<HeadPose> = {}) {
    return Object.entries(at).map(([id, x]) => tracked(Number(id), box(x, 300 + 2 * Number(id), 160), pose));
  }
  /** Both go on at a constant speed, where they are given; returns the last. */
  walk(from: Readonly<Record<number, number>>, speed: Readonly<Record<number, number>>, frames: number) {
    let last: Record<number, Part> = {};
    for (let k = 0; k < frames; k++) {
      last = this.frame(Object.fromEntries(Object.entries(from).map(([id, x]) => [id, x + k * speed[Number(id)]!])));
    }
    return last;
  }
}

describe('parts by place', () => {
  test('are given out from left to right, and others wear what everybody wears', () => {
    expect(new Frames(PLACES).frame({ 7: 900, 8: 200, 9: 500 })).toEqual({ 7: B, 8: A, 9: EVERYBODY });
  });

  test('wait until somebody stands in each place, then go with who has them', () => {
    const frames = new Frames(PLACES);
    expect(frames.frame({ 1: 600 })).toEqual({ 1: A });
    expect(frames.frame({ 1: 600, 2: 200 })).toEqual({ 1: B, 2: A });
    expect(frames.frame({ 1: 200, 2: 600 })).toEqual({ 1: B, 2: A });
  });

  test('are free when their face leaves, and go to who comes, never to those who have one', () => {
    const frames = new Frames(PLACES);
    frames.frame({ 1: 200, 2: 900 });
    expect(frames.frame({ 1: 200 })).toEqual({ 1: A });
    expect(frames.frame({ 1: 200, 3: 100 })).toEqual({ 1: A, 3: B });
    expect(frames.frame({ 1: 200, 3: 100, 4: 900 })).toEqual({ 1: A, 3: B, 4: EVERYBODY });
  });

  test('stay where two cross and one is lost behind the other, whether they pass each other or turn back', () => {
    const frames = new Frames(PLACES);
    frames.walk({ 1: 200, 2: 1000 }, { 1: 10, 2: -10 }, 38);
    // In the middle the second is lost; it comes out again on the other side.
    expect(frames.walk({ 1: 580 }, { 1: 10 }, 12)).toEqual({ 1: A });
    expect(frames.walk({ 1: 700, 3: 480 }, { 1: 10, 3: -10 }, 30)).toEqual({ 1: A, 3: B });
    // And back, half of the way.
    frames.walk({ 1: 1000, 3: 180 }, { 1: -10, 3: 10 }, 38);
    frames.walk({ 1: 620 }, { 1: 10 }, 12);
    expect(frames.walk({ 1: 740, 4: 460 }, { 1: 10, 4: -10 }, 4)).toEqual({ 1: A, 4: B });
  });

  test('stay with their courses where both who cross are lost', () => {
    const frames = new Frames(PLACES);
    frames.walk({ 1: 200, 2: 1000 }, { 1: 10, 2: -10 }, 38);
    for (let k = 0; k < 12; k++) frames.frame({});
    expect(frames.frame({ 3: 700 })).toEqual({ 3: A });
    expect(frames.frame({ 3: 710, 4: 490 })).toEqual({ 3: A, 4: B });
  });

  test('can be to be hidden, or left alone; but nobody is left alone who may be somebody else', () => {
    const frames = new Frames([{ identity: 'own', position: 1 }, { identity: null }]);
    expect(frames.frame({ 1: 200, 2: 900 })).toEqual({ 1: 'own', 2: null });
    expect(frames.frame({ 2: 900 })).toEqual({ 2: null });
    expect(frames.frame({ 2: 900, 3: 200 })).toEqual({ 2: null, 3: null });
  });

  test('who may be left alone is hidden from where two cross until it is clear who is who', () => {
    const frames = new Frames([{ identity: A, position: 1 }, { identity: 'own' }]);
    expect(frames.walk({ 1: 200, 2: 1000 }, { 1: 10, 2: -10 }, 38)).toEqual({ 1: A, 2: 'own' });
    // The one who wears something is lost behind the one who does not.
    expect(frames.walk({ 2: 620 }, { 2: -10 }, 12)).toEqual({ 2: null });
    expect(frames.walk({ 2: 500, 3: 700 }, { 2: -10, 3: 10 }, 4)).toEqual({ 2: 'own', 3: A });
    // What is followed may have become the other one: it now goes that one's way.
    const turned = new Frames([{ identity: A, position: 1 }, { identity: 'own' }]);
    turned.walk({ 1: 200, 2: 1000 }, { 1: 10, 2: -10 }, 38);
    turned.walk({ 2: 620 }, { 2: 10 }, 12);
    expect(Object.values(turned.walk({ 2: 740, 3: 460 }, { 2: 10, 3: -10 }, 30))).not.toContain('own');
    // Both stand still where they meet: nobody can say.
    const still = new Frames([{ identity: A, position: 1 }, { identity: 'own' }]);
    still.walk({ 1: 560, 2: 740 }, { 1: 0, 2: 0 }, 5);
    still.walk({ 1: 640, 2: 660 }, { 1: 0, 2: 0 }, 5);
    still.walk({ 2: 650 }, { 2: 0 }, 5);
    expect(Object.values(still.walk({ 2: 655, 3: 645 }, { 2: 0, 3: 0 }, 30))).not.toContain('own');
  });
});

describe('parts by whose face it is', () => {
  const KNOWN: readonly Wearer[] = [
    { identity: A, likeness: embedding(1) },
    { identity: B, likeness: embedding(2) },
    { identity: null },
  ];
  /** Answers what is asked about, as often as it is asked. */
  const answerAll = (frames: Frames, at: Readonly<Record<number, number>>, people: Record<number, number>): number => {
    let asked = 0;
    for (let face; (face = frames.casting.question(frames.faces(at), frames.now)); asked++) {
      frames.casting.answer(face.id, embedding(people[face.id]!, 1));
    }
    return asked;
  };

  test('are those of everybody else until the recogniser has said so, each face asked about once', () => {
    const frames = new Frames(KNOWN);
    const at = { 5: 200, 6: 900, 7: 500 };
    expect(frames.frame(at)).toEqual({ 5: null, 6: null, 7: null });
    expect(answerAll(frames, at, { 5: 2, 6: 1, 7: 3 })).toBe(3);
    expect(frames.frame(at)).toEqual({ 5: B, 6: A, 7: null });
    for (let k = 0; k < 100; k++) frames.frame(at);
    expect(answerAll(frames, at, {})).toBe(0);
  });

  test('come back with their person, and go to nobody else', () => {
    const frames = new Frames(KNOWN);
    frames.frame({ 5: 200, 6: 900 });
    answerAll(frames, { 5: 200, 6: 900 }, { 5: 2, 6: 1 });
    frames.frame({ 6: 900 });
    expect(frames.frame({ 6: 900, 7: 200 })).toEqual({ 6: A, 7: null });
    answerAll(frames, { 6: 900, 7: 200 }, { 7: 3 });
    expect(frames.frame({ 6: 900, 7: 200 })).toEqual({ 6: A, 7: null });
    frames.frame({ 6: 900 });
    frames.frame({ 6: 900, 8: 200 });
    answerAll(frames, { 6: 900, 8: 200 }, { 8: 2 });
    expect(frames.frame({ 6: 900, 8: 200 })).toEqual({ 6: A, 8: B });
  });

  test('are asked about again, ever more seldom, while somebody is missing who could be recognised', () => {
    const frames = new Frames(KNOWN);
    const asked: number[] = [];
    for (let k = 0; k < 30 * 20; k++) {
      frames.frame({ 5: 200 });
      const face = frames.casting.question(frames.faces({ 5: 200 }), frames.now);
      if (face) asked.push(frames.now);
      if (face) frames.casting.answer(face.id, undefined);
    }
    const pauses = asked.slice(1).map((at, k) => at - asked[k]!);
    expect(asked.length).toBeLessThan(8);
    pauses.slice(1).forEach((pause, k) => expect(pause).toBeGreaterThanOrEqual(pauses[k]! - PERIOD));
  });

  test('a face that looks away is not asked about', () => {
    const frames = new Frames(KNOWN);
    frames.frame({ 5: 200 }, { yaw: 60 });
    expect(frames.casting.question(frames.faces({ 5: 200 }, { yaw: 60 }), frames.now)).toBeUndefined();
  });

  test('the recogniser is asked anew where two have crossed, and has the last word', () => {
    const frames = new Frames(KNOWN);
    const start = { 5: 200, 6: 1000 };
    frames.frame(start);
    answerAll(frames, start, { 5: 1, 6: 2 });
    frames.walk(start, { 5: 10, 6: -10 }, 38);
    frames.walk({ 5: 580 }, { 5: 10 }, 12);
    frames.walk({ 5: 700, 7: 480 }, { 5: 10, 7: -10 }, 2);
    // It was not as their courses say: both have turned back.
    expect(answerAll(frames, { 5: 720, 7: 460 }, { 5: 2, 7: 1 })).toBe(2);
    expect(frames.frame({ 5: 730, 7: 450 })).toEqual({ 5: B, 7: A });
  });
});

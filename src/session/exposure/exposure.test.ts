import { describe, expect, test } from 'vitest';
import { box, faces, hides, Play, seen, showsAll, tracked } from '../../../test/support/exposure-play.ts';
import { Exposure } from './exposure.ts';

const me = box(640, 360, 250);
const other = box(200, 200, 120);

describe('under never', () => {
  test('the whole picture is hidden until a face has been found for 250 ms', () => {
    const play = new Play('never');
    expect(play.run(1000, faces([])).hideAll).toBe(true);
    expect(play.frame(faces([tracked(1, me)])).hideAll).toBe(true);
    expect(play.run(200, faces([tracked(1, me)])).hideAll).toBe(true);
    const after = play.run(100, faces([tracked(1, me)]));
    expect(after.hideAll).toBe(false);
    expect(after.hide).toEqual([]);
    expect(after.swaps.map(({ face, strength, covered }) => [face.id, strength, covered])).toEqual([[1, 1, false]]);
  });

  test('a face beyond the ones that are swapped is hidden from its first frame on', () => {
    const play = new Play('never');
    play.run(500, faces([tracked(1, me)]));
    const decision = play.frame(faces([tracked(1, me)], [seen(other)]));
    expect(hides(decision, other)).toBe(true);
    expect(decision.swaps).toHaveLength(1);
    expect(decision.hideAll).toBe(false);
  });

  for (const [name, pose, opacity] of [
    ['turned to half', { yaw: 36 }, 1],
    ['tilted up', { pitch: 40 }, 1],
    ['of half opacity', {}, 0.5],
    ['of nearly full opacity', {}, 0.99],
  ] as const) {
    test(`a face ${name} fades to hidden: its head is hidden beneath the swap, eyes and mouth too`, () => {
      const play = new Play('never', { opacity });
      const decision = play.run(500, faces([tracked(1, me, pose)]));
      expect(hides(decision, me)).toBe(true);
      expect(decision.swaps).toHaveLength(1);
      expect(decision.swaps[0]!.covered).toBe(true);
      expect(decision.swaps[0]!.strength).toBeLessThan(1);
    });
  }

  for (const [name, pose, opacity] of [
    ['turned to profile', { yaw: -80 }, 1],
    ['of no opacity', {}, 0],
    ['with an angle that is not a number', { yaw: NaN }, 1],
  ] as const) {
    test(`a face ${name} is hidden, not swapped`, () => {
      const decision = new Play('never', { opacity }).run(500, faces([tracked(1, me, pose)]));
      expect(hides(decision, me)).toBe(true);
      expect(decision.swaps).toEqual([]);
    });
  }

  test('a swap that gave way to a turn comes back over 400 ms, the head hidden beneath, also under another id', () => {
    const play = new Play('never');
    play.run(500, faces([tracked(1, me)]));
    play.run(100, faces([tracked(1, me, { yaw: 60 })]));
    const flip = play.frame(faces([tracked(1, me)]));
    expect(flip.swaps[0]!.strength).toBeLessThan(0.2);
    expect(hides(flip, me)).toBe(true);
    play.run(100, faces([tracked(1, me, { yaw: 60 })]));
    play.frame(faces([]));
    expect(hides(play.run(250, faces([tracked(2, me)])), me)).toBe(true);
    expect(showsAll(play.run(300, faces([tracked(2, me)])))).toBe(true);
  });

  test('what stirs at an edge is hidden as long as it does, and no longer', () => {
    const play = new Play('never');
    const stir = { x: 1180, y: 100, width: 100, height: 400 };
    play.run(500, faces([tracked(1, me)]));
    const during = play.frame({ ...faces([tracked(1, me)]), stirs: [stir] });
    expect(hides(during, { x: 1182, y: 110, width: 96, height: 380 })).toBe(true);
    expect(hides(during, me)).toBe(false);
    expect(showsAll(play.frame(faces([tracked(1, me)])))).toBe(true);
  });

  test('a face that a side of the picture cuts off is hidden, not swapped', () => {
    const play = new Play('never');
    play.run(500, faces([tracked(1, me)]));
    const leaving = box(1180, 360, 250);
    const decision = play.frame(faces([tracked(1, leaving)]));
    expect(hides(decision, leaving)).toBe(true);
    expect(decision.swaps).toEqual([]);
  });

  test('without an identity every face is hidden', () => {
    const play = new Play('never', { wearing: false });
    const decision = play.run(500, faces([tracked(1, me)], [seen(other)]));
    expect(hides(decision, me)).toBe(true);
    expect(hides(decision, other)).toBe(true);
    expect(decision.swaps).toEqual([]);
  });

  test('a lost face stays hidden where it was, growing until the whole picture is, and for good', () => {
    const play = new Play('never');
    play.run(1000, faces([tracked(1, me)]));
    const sizes: number[] = [];
    for (let frame = 0; frame < 12; frame++) {
      const decision = play.frame(faces([]));
      expect(hides(decision, me)).toBe(true);
      if (!decision.hideAll) sizes.push(decision.hide[0]!.rx);
    }
    expect(sizes).toEqual([...sizes].sort((a, b) => a - b));
    expect(sizes.length).toBeGreaterThan(3);
    expect(play.run(2000, faces([])).hideAll).toBe(true);
    expect(play.run(60_000, faces([])).hideAll).toBe(true);
  });

  test('a face that comes back lifts the cover after 100 ms, and one that is found again at once without delay', () => {
    const play = new Play('never');
    play.run(1000, faces([tracked(1, me)]));
    play.run(100, faces([]));
    expect(showsAll(play.frame(faces([tracked(2, me)])))).toBe(true);
    play.run(3000, faces([]));
    expect(play.frame(faces([tracked(3, me)])).hideAll).toBe(true);
    expect(showsAll(play.run(150, faces([tracked(3, me)])))).toBe(true);
  });

  test('one false find while somebody is missing lifts nothing', () => {
    const play = new Play('never');
    play.run(1000, faces([tracked(1, me)]));
    play.run(1500, faces([]));
    play.frame(faces([tracked(2, box(700, 400, 200))]));
    expect(hides(play.frame(faces([])), me)).toBe(true);
    expect(play.run(500, faces([])).hideAll).toBe(true);
  });

  test('somebody who comes in elsewhere does not answer for the one who turned away', () => {
    const play = new Play('never');
    const small = box(1000, 500, 90);
    play.run(5000, faces([tracked(1, small)]));
    play.run(3000, faces([]));
    const elsewhere = box(200, 200, 120);
    expect(hides(play.run(5000, faces([tracked(2, elsewhere)])), small)).toBe(true);
  });

  test('who is lost behind somebody else stays hidden when coming out beside them, not found yet', () => {
    const play = new Play('never');
    const front = box(600, 360, 200);
    play.run(1000, faces([tracked(1, front), tracked(2, box(900, 360, 180))]));
    for (let x = 900; x >= 650; x -= 10) play.frame(faces([tracked(1, front), tracked(2, box(x, 360, 180))]));
    const lost = { kind: 'lost', id: 2, box: box(650, 360, 180), reason: 'gone' } as const;
    play.frame({ ...faces([tracked(1, front)]), events: [lost] });
    let out = play.frame(faces([tracked(1, front)]));
    for (let x = 640; x >= 460; x -= 10) {
      out = play.frame(faces([tracked(1, front)]));
      expect(hides(out, box(x, 360, 120))).toBe(true);
    }
    // Found again, it is no longer looked for.
    const found = faces([tracked(1, front), tracked(3, box(450, 360, 180))]);
    expect(showsAll(play.run(300, found))).toBe(true);
  });

  test('a bystander who turned away inside the picture stays hidden for ten seconds, one who left over its edge for two', () => {
    for (const [place, still, gone] of [
      [other, 9000, 1500],
      [box(40, 300, 100), 1500, 1000],
    ] as const) {
      const play = new Play('never');
      play.run(6000, faces([tracked(1, me)], [seen(place)]));
      expect(hides(play.run(still, faces([tracked(1, me)])), place)).toBe(true);
      expect(showsAll(play.run(gone, faces([tracked(1, me)])))).toBe(true);
    }
  });

  test('a pattern taken for a face in one search costs a second, not ten', () => {
    const play = new Play('never');
    play.run(3000, faces([tracked(1, me)]));
    play.frame(faces([tracked(1, me)], [seen(other)]));
    expect(showsAll(play.run(1300, faces([tracked(1, me)])))).toBe(true);
  });

  test('a detected face that becomes the followed one leaves no ghost, nor the other way round', () => {
    const play = new Play('never');
    play.run(500, faces([], [seen(me)]));
    expect(showsAll(play.run(100, faces([tracked(1, me)])))).toBe(true);
    const decision = play.frame(faces([], [seen(me)]));
    expect(decision.hide).toHaveLength(1);
  });

  test('the place of a lost face is carried over to another size of picture', () => {
    const play = new Play('never');
    play.run(1000, faces([tracked(1, me)]));
    const decision = play.frame(faces([]), { width: 640, height: 360 });
    expect(hides(decision, box(320, 180, 125))).toBe(true);
    expect(decision.hide[0]!.rx).toBeLessThan(200);
  });

  test('more missing faces than are kept apart are still all hidden', () => {
    const play = new Play('never');
    const crowd = Array.from({ length: 30 }, (_, i) => box(60 + (i % 10) * 125, 100 + Math.floor(i / 10) * 220, 50));
    play.run(1000, faces([], crowd.map(seen)));
    const decision = play.frame(faces([]));
    for (const face of crowd) expect(hides(decision, face)).toBe(true);
  });
});

describe('under when-no-face', () => {
  test('an empty scene is shown once five searches over 1.5 s have found nobody', () => {
    const play = new Play('when-no-face');
    expect(play.run(1400, faces([])).hideAll).toBe(true);
    expect(showsAll(play.run(300, faces([])))).toBe(true);
  });

  test('frames that were not searched do not make a scene empty', () => {
    const play = new Play('when-no-face');
    expect(play.run(5000, faces([], [], false)).hideAll).toBe(true);
  });

  test('a lost face stays hidden until the scene counts as empty', () => {
    const play = new Play('when-no-face');
    play.run(1000, faces([tracked(1, me)]));
    expect(hides(play.run(1300, faces([])), me)).toBe(true);
    expect(showsAll(play.run(500, faces([])))).toBe(true);
  });
});

describe('under always', () => {
  test('the caller may be shown, but a bystander is hidden still, and everybody without an identity', () => {
    const play = new Play('always', { opacity: 0.5 });
    const decision = play.frame(faces([tracked(1, me)], [seen(other)]));
    expect(hides(decision, me)).toBe(false);
    expect(decision.swaps[0]!.covered).toBe(false);
    expect(hides(decision, other)).toBe(true);
    expect(showsAll(play.frame(faces([])))).toBe(true);
    expect(hides(play.frame(faces([tracked(2, me)]), { wearing: false }), me)).toBe(true);
  });
});

describe('a change of policy', () => {
  test('to never begins as a call does: all is hidden until a face has been found for 250 ms', () => {
    const play = new Play('always');
    play.run(1000, faces([tracked(1, me)]));
    play.exposure.choose({ policy: 'never', budget: 66 });
    expect(play.frame(faces([tracked(1, me)])).hideAll).toBe(true);
    expect(showsAll(play.run(300, faces([tracked(1, me)])))).toBe(true);
  });

  test('is none where only the budget changes', () => {
    const play = new Play('never');
    play.run(1000, faces([tracked(1, me)]));
    play.exposure.choose({ policy: 'never', budget: 100 });
    expect(showsAll(play.frame(faces([tracked(1, me)])))).toBe(true);
  });
});

describe('the hold', () => {
  test('lasts 300 ms from the first failure, then frames are hidden, until one succeeds', () => {
    const exposure = new Exposure({ policy: 'never', budget: 66 });
    expect(exposure.fallback(1000)).toBe('hold');
    expect(exposure.fallback(1299)).toBe('hold');
    expect(exposure.fallback(1300)).toBe('hide');
    expect(exposure.fallback(9000)).toBe('hide');
    exposure.succeeded();
    expect(exposure.fallback(9001)).toBe('hold');
  });

  test('is at least 50 ms longer than the budget', () => {
    expect(new Exposure({ policy: 'never', budget: 66 }).hold).toBe(300);
    expect(new Exposure({ policy: 'never', budget: 500 }).hold).toBe(550);
    expect(new Exposure({ policy: 'never', budget: 500, hold: 0 }).fallback(5)).toBe('hide');
  });

  test('is not needed where the caller may be shown', () => {
    expect(new Exposure({ policy: 'always', budget: 66 }).fallback(1)).toBe('show');
    expect(new Exposure({ policy: 'when-no-face', budget: 66 }).fallback(1)).toBe('hold');
  });
});

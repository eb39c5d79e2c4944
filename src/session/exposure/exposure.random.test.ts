import { describe, expect, test } from 'vitest';
import { box, faces, hides, PERIOD, Play, seen, showsAll, tracked } from '../../../test/support/exposure-play.ts';
import type { SeenFace, TrackedFace } from '../../face/face.ts';

describe('whatever happens, under never', () => {
  /** A seeded stream of numbers in 0–1. */
  function random(seed: number): () => number {
    let state = seed;
    return () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
  }

  test('every face that was found is swapped at full strength or hidden, and a frame without any is hidden', () => {
    for (let seed = 1; seed <= 60; seed++) {
      const next = random(seed);
      const play = new Play('never', { opacity: next() < 0.3 ? next() : 1, wearing: next() < 0.9 });
      let id = 0;
      const people = Array.from({ length: 3 }, () => ({
        x: next() * 1280,
        y: next() * 720,
        size: 40 + next() * 300,
        id,
      }));
      for (let frame = 0; frame < 200; frame++) {
        const found: TrackedFace[] = [];
        const others: SeenFace[] = [];
        for (const person of people) {
          person.x += (next() - 0.5) * 40;
          person.y += (next() - 0.5) * 40;
          const at = box(person.x, person.y, person.size);
          if (next() < 0.3) continue;
          if (next() < 0.1) person.id = 0;
          if (found.length === 0 && next() < 0.7) {
            person.id ||= ++id;
            found.push(tracked(person.id, at, { yaw: (next() - 0.5) * 180 }));
          } else others.push(seen(at));
        }
        const decision = play.frame(faces(found, others, next() < 0.5));
        for (const face of others) expect(hides(decision, face.box)).toBe(true);
        for (const face of found) {
          const swap = decision.swaps.find((planned) => planned.face === face);
          expect(swap?.strength === 1 || hides(decision, face.box)).toBe(true);
        }
        if (found.length + others.length === 0) expect(showsAll(decision)).toBe(false);
      }
    }
  });

  test('a lone caller who is lost and drifts by up to one and a half faces a second stays covered', () => {
    for (let seed = 1; seed <= 60; seed++) {
      const next = random(seed);
      const play = new Play('never');
      const size = 80 + next() * 250;
      let x = 200 + next() * 880;
      let y = 150 + next() * 420;
      play.run(1000, faces([tracked(1, box(x, y, size))]));
      const angle = next() * 2 * Math.PI;
      const step = (1.5 * size * PERIOD) / 1000;
      for (let frame = 0; frame < 120; frame++) {
        x += Math.cos(angle) * step;
        y += Math.sin(angle) * step;
        expect(hides(play.frame(faces([])), box(x, y, size))).toBe(true);
      }
    }
  });
});

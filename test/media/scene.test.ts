import { describe, expect, it } from 'vitest';
import { Head } from './head.ts';
import { loadPortrait } from './portrait.ts';
import { Scene, type Script } from './scene.ts';
import * as scripts from './scripts.ts';

const STILL = { x: 0, y: 0, size: 0.42, yaw: 0, pitch: 0, roll: 0, mouth: 0, blink: 0, brow: 0 };

describe('synthetic scenes', () => {
  it('show the portrait itself when the head looks straight at the camera at its own size', () => {
    const portrait = loadPortrait('hopper');
    const head = new Head(portrait);
    // A shift by whole pixels, so that nothing is resampled.
    const [dx, dy] = [58, 20];
    const at = {
      ...STILL,
      size: head.faceWidth / 480,
      x: (head.centre.x + dx - 320) / 480,
      y: (head.centre.y + dy - 240) / 480,
    };
    const script: Script = { seconds: 1, cast: [{ portrait: 'hopper', at: () => at }] };

    const { picture, faces } = new Scene(script, { width: 640, height: 480, noise: 0 }).draw(0);

    const off: number[] = [];
    for (let point = 0; point < 468; point++) {
      const [x, y] = [portrait.landmarks[point * 3]!, portrait.landmarks[point * 3 + 1]!];
      expect(faces[0]!.landmarks[point * 3]).toBeCloseTo(x + dx, 2);
      expect(faces[0]!.landmarks[point * 3 + 1]).toBeCloseTo(y + dy, 2);
      const drawn = picture.y[(Math.floor(y) + dy) * picture.strideY + Math.floor(x) + dx]!;
      if (Math.abs(drawn - portrait.texture.y[Math.floor(y) * 512 + Math.floor(x)]!) > 2) off.push(point);
    }
    // A point on the cheek's rim may lie under the softened outline.
    expect(off.length).toBeLessThanOrEqual(3);
  });

  it('turn the nose to the side that the yaw says, and the truth says so too', () => {
    const script: Script = { seconds: 1, cast: [{ portrait: 'hopper', at: () => ({ ...STILL, yaw: 30 }) }] };

    const { landmarks } = new Scene(script, { width: 640, height: 480 }).draw(0).faces[0]!;

    expect(landmarks[4 * 3]! - landmarks[234 * 3]!).toBeGreaterThan(2 * (landmarks[454 * 3]! - landmarks[4 * 3]!));
  });

  it('are the same bytes for the same seed, at odd sizes too', () => {
    const draw = () => new Scene(scripts.talkingHead(), { width: 161, height: 121 }).draw(3).picture.u.slice();

    expect(draw()).toEqual(draw());
    expect(draw()).toHaveLength(81 * 61);
  });

  it('loop without a jump', () => {
    const { cast } = scripts.talkingHead();
    const [first, last] = [cast[0]!.at(0)!, cast[0]!.at(scripts.TALK_SECONDS)!];

    for (const field of ['x', 'y', 'size', 'yaw', 'pitch', 'roll', 'mouth'] as const) {
      expect(last[field]).toBeCloseTo(first[field], 6);
    }
  });

  it('have a face of at least 35 % of the height, and 250 px wide where asked', () => {
    for (const [size, width] of [
      [0.42, 0],
      [0.58, 250],
    ] as const) {
      const { cast, seconds } = scripts.talkingHead(size);
      const scene = new Scene({ cast, seconds }, { width: 640, height: 480 });
      for (let index = 0; index < scene.frames; index += 37) {
        const box = scene.draw(index).faces[0]!.box;
        expect(box.height).toBeGreaterThan(0.35 * 480);
        expect(box.width).toBeGreaterThan(width);
      }
    }
  });

  it('let people come and go', () => {
    const count = (script: Script, second: number) => script.cast.filter(({ at }) => at(second)).length;

    expect(count(scripts.leavingAndReturning(), 3)).toBe(0);
    expect(count(scripts.leavingAndReturning(), 5.5)).toBe(1);
    expect(count(scripts.twoPeople(), 0)).toBe(1);
    expect(count(scripts.twoPeople(), 5)).toBe(2);
    expect(scripts.turning().cast[0]!.at(2.7)?.yaw).toBeCloseTo(90);
  });
});

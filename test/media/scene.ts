import type { Box, I420 } from '../../src/media/plane.ts';
import { allocI420 } from '../../src/media/plane.ts';
import { Actor } from './actor.ts';
import { drawBackdrop } from './backdrop.ts';
import { boundsOf } from './bounds.ts';
import type { HeadState } from './head.ts';
import type { PortraitName } from './portrait.ts';
import { NORMAL_TAKES, Random } from './random.ts';
import { createCanvas, type Canvas } from './raster.ts';
import { drawThing, type ThingName, type ThingState } from './things.ts';

/** Who is in the picture when. `undefined` = not in the picture. Times in seconds. */
export interface Script {
  /** Length of the clip, seconds; scripts that loop end as they begin. */
  readonly seconds: number;
  /** A patch in the upper left corner that turns white for the first 0.1 s of each second. */
  readonly flashes?: boolean;
  /** Drawn in this order, the last in front. */
  readonly cast: readonly {
    readonly portrait: PortraitName;
    readonly at: (second: number) => HeadState | undefined;
  }[];
  /** What comes before the people. */
  readonly things?: readonly {
    readonly thing: ThingName;
    readonly at: (second: number) => ThingState | undefined;
  }[];
}

/** What is true about one drawn face. */
export interface TrueFace {
  readonly portrait: PortraitName;
  /** 478 × (x, y, z) pixels of the frame, as a perfect mesh model would give. The receiver's to keep. */
  readonly landmarks: Float32Array;
  /** Smallest box around the first 468 points. */
  readonly box: Box;
  readonly state: HeadState;
}

export interface SceneFrame {
  readonly index: number;
  /** Seconds from the start. */
  readonly time: number;
  /** Valid until the next frame is drawn. */
  readonly picture: I420;
  readonly faces: readonly TrueFace[];
}

export interface SceneSettings {
  /** Pixels. */
  readonly width: number;
  readonly height: number;
  /** Frames a second, default 30. */
  readonly frameRate?: number;
  /** Deviation of the camera's noise in luma steps, default 1.5; chroma gets half of it. */
  readonly noise?: number;
  /** Seed of noise and room, default 1. */
  readonly seed?: number;
}

/** Draws scripts as a camera would see them. */
export class Scene {
  readonly frameRate: number;
  readonly frames: number;
  readonly #script: Script;
  readonly #picture: I420;
  readonly #canvas: Canvas;
  readonly #covered: Uint8Array;
  readonly #room;
  readonly #actors: readonly Actor[];
  readonly #noise: Int8Array;
  readonly #random: Random;

  constructor(script: Script, settings: SceneSettings) {
    const { width, height, frameRate = 30, noise = 1.5, seed = 1 } = settings;
    this.frameRate = frameRate;
    this.frames = Math.round(script.seconds * frameRate);
    this.#script = script;
    this.#picture = allocI420(width, height);
    this.#canvas = createCanvas(width, height);
    this.#covered = new Uint8Array(width * height);
    this.#room = drawBackdrop(width, height, seed);
    this.#actors = script.cast.map(({ portrait }) => new Actor(portrait));
    this.#noise = noiseOf(seed, noise);
    this.#random = new Random(seed);
    this.#random.skip(this.#noise.length * NORMAL_TAKES);
  }

  /** Draws frame `index`; frames of one scene may be drawn in any order, but only in order is their noise repeatable. */
  draw(index: number): SceneFrame {
    const time = index / this.frameRate;
    const canvas = this.#canvas;
    canvas.y.set(this.#room.y);
    canvas.u.set(this.#room.u);
    canvas.v.set(this.#room.v);
    const faces: TrueFace[] = [];
    this.#script.cast.forEach(({ portrait, at }, i) => {
      const state = at(time);
      if (!state) return;
      const landmarks = this.#actors[i]!.draw(canvas, state).slice();
      faces.push({ portrait, landmarks, box: boundsOf(landmarks), state });
    });
    this.#cover(time);
    if (this.#script.flashes) this.#flash(time);
    this.#expose();
    return { index, time, picture: this.#picture, faces };
  }

  /** All frames from the first to the last. */
  *[Symbol.iterator](): Iterator<SceneFrame> {
    for (let index = 0; index < this.frames; index++) yield this.draw(index);
  }

  /** The true faces of frame `index` without drawing it. */
  truth(index: number): TrueFace[] {
    const { width, height } = this.#canvas;
    return this.#script.cast.flatMap(({ portrait, at }, i) => {
      const state = at(index / this.frameRate);
      if (!state) return [];
      const landmarks = this.#actors[i]!.landmarks(state, width, height).slice();
      return [{ portrait, landmarks, box: boundsOf(landmarks), state }];
    });
  }

  /** How much of each pixel of the last frame drawn is of things before the people, 0–255. Valid until the next. */
  get covered(): Uint8Array {
    return this.#covered;
  }

  /** The same of frame `index`, without drawing it whole. Valid until the next. */
  coveredAt(index: number): Uint8Array {
    this.#cover(index / this.frameRate);
    return this.#covered;
  }

  #cover(time: number): void {
    this.#covered.fill(0);
    for (const { thing, at } of this.#script.things ?? []) {
      const state = at(time);
      if (state) drawThing(this.#canvas, thing, state, this.#covered);
    }
  }

  #flash(time: number): void {
    const { width, height, y, u, v } = this.#canvas;
    const luma = time % 1 < 0.0999 ? 235 : 16;
    for (let row = 0; row < height >> 2; row++) {
      const [from, to] = [row * width, row * width + (width >> 2)];
      y.fill(luma, from, to);
      u.fill(128, from, to);
      v.fill(128, from, to);
    }
  }

  /** The sensor: 4:2:0 and noise. */
  #expose(): void {
    const { width, height, y, u, v, strideUv } = this.#picture;
    const canvas = this.#canvas;
    const noise = this.#noise;
    const mask = noise.length - 1;
    let at = this.#random.below(mask);
    for (let i = 0; i < width * height; i++) {
      y[i] = clamp(canvas.y[i]! + ((noise[at++ & mask]! + 2) >> 2), 16, 235);
    }
    for (let row = 0; row < (height + 1) >> 1; row++) {
      const below = row * 2 + 1 < height ? width : 0;
      for (let column = 0; column < strideUv; column++) {
        const from = row * 2 * width + column * 2;
        const beside = column * 2 + 1 < width ? 1 : 0;
        const to = row * strideUv + column;
        u[to] = clamp((sum(canvas.u, from, beside, below) + (noise[at++ & mask]! >> 1) + 2) >> 2, 16, 240);
        v[to] = clamp((sum(canvas.v, from, beside, below) + (noise[at++ & mask]! >> 1) + 2) >> 2, 16, 240);
      }
    }
  }
}

const noises = new Map<string, Int8Array>();

/** Four times the noise of a camera, in luma steps; a process makes it once. */
function noiseOf(seed: number, deviation: number): Int8Array {
  const key = `${seed} ${deviation}`;
  let noise = noises.get(key);
  if (noise === undefined) {
    const random = new Random(seed);
    noise = Int8Array.from({ length: 1 << 20 }, () => Math.round(random.normal() * deviation * 4));
    noises.set(key, noise);
  }
  return noise;
}

function sum(plane: Uint8Array, at: number, beside: number, below: number): number {
  return plane[at]! + plane[at + beside]! + plane[at + below]! + plane[at + below + beside]!;
}

function clamp(value: number, low: number, high: number): number {
  return value < low ? low : value > high ? high : value;
}

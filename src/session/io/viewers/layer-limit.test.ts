import { beforeEach, describe, expect, it } from 'vitest';
import type { EncodedChunk } from '../../../codec/codec.ts';
import type { TemporalPlace } from '../../../media/chunk.ts';
import { LayerLimit, LayerRates } from './layer-limit.ts';

/** As VP8 with three layers has it: what each frame of four is. */
const PATTERN: readonly TemporalPlace[] = [
  { layer: 0, sync: false, referenced: true },
  { layer: 2, sync: true, referenced: false },
  { layer: 1, sync: true, referenced: true },
  { layer: 2, sync: false, referenced: false },
];
/** 30 frames a second of 4,166 bytes: 1 Mbit/s, of which layer 0 has a quarter and layer 1 another. */
const SIZE = 4166;

let now: number;
let index: number;
let rates: LayerRates;
let limit: LayerLimit;
beforeEach(() => {
  now = 0;
  index = 0;
  rates = new LayerRates();
  limit = new LayerLimit(rates);
});

/** Encodes for so long over a way of this rate; the layers of what the viewer gets, and of what it does not. */
function run(duration: number, estimate: number): { got: number[]; missed: number[]; places: TemporalPlace[] } {
  const seen = { got: [] as number[], missed: [] as number[], places: [] as TemporalPlace[] };
  for (const end = now + duration; now < end; now += 1000 / 30) {
    const temporal = PATTERN[index++ % 4]!;
    const chunk: EncodedChunk = { codec: 'vp8', data: new Uint8Array(SIZE), timestamp: 0, keyframe: false, temporal };
    rates.onChunk(chunk, now);
    const admitted = limit.admit(chunk, estimate, now);
    seen[admitted ? 'got' : 'missed'].push(temporal.layer);
    if (admitted) seen.places.push(temporal);
  }
  return seen;
}

describe('a viewer', () => {
  it('gets every layer that its way carries', () => {
    run(5000, 3_000_000);
    expect(run(5000, 1_300_000).missed).toEqual([]);
    expect(new Set(run(5000, 700_000).got)).toEqual(new Set([0, 1]));
    expect(new Set(run(5000, 350_000).got)).toEqual(new Set([0]));
    expect(limit.limit).toBe(0);
  });

  it('gets layer 0 however narrow its way is: whether a picture fits is for the pacer to say', () => {
    run(3000, 3_000_000);
    const { got } = run(1000, 10_000);
    expect(new Set(got)).toEqual(new Set([0]));
    expect(got.length).toBeGreaterThanOrEqual(7);
  });

  it('gets a layer back after two seconds of room, and begins it where only layer 0 is needed', () => {
    run(5000, 3_000_000);
    run(3000, 350_000);
    const { got, places } = run(1900, 3_000_000);
    expect(new Set(got)).toEqual(new Set([0]));
    expect(places.length).toBeGreaterThan(10);
    const later = run(5000, 3_000_000).places;
    const firstOf = (layer: number): TemporalPlace | undefined => later.find((place) => place.layer === layer);
    expect(firstOf(1)?.sync).toBe(true);
    expect(firstOf(2)?.sync).toBe(true);
    expect(run(1000, 3_000_000).missed).toEqual([]);
  });

  it('gets every keyframe, and all layers behind it that fit', () => {
    run(5000, 3_000_000);
    run(100, 350_000);
    const key: EncodedChunk = { codec: 'vp8', data: new Uint8Array(SIZE), timestamp: 0, keyframe: true };
    expect(limit.admit(key, 350_000, now)).toBe(true);
  });

  it('of a codec without layers gets every picture', () => {
    const chunk: EncodedChunk = { codec: 'h264', data: new Uint8Array(SIZE), timestamp: 0, keyframe: false };
    for (let count = 0; count < 100; count++) {
      rates.onChunk(chunk, (now += 33));
      expect(limit.admit(chunk, 10_000, now)).toBe(true);
    }
  });
});

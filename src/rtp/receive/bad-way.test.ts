import { describe, expect, it } from 'vitest';
import { Random } from '../../../test/media/random.ts';
import { playLossyCall, seen, type LossyCall } from '../../../test/support/lossy-call.ts';
import { packetsOf, picture, pushAll, receiver, seconds, sender } from '../../../test/support/rtp-ends.ts';
import type { Chunk } from '../../media/chunk.ts';
import { EXTENSION_URI } from '../packet/extension.ts';
import { HeaderTemplate } from '../packet/header-template.ts';
import { parseRtp } from '../packet/rtp-packet.ts';

/** 10 s. */
const FRAMES = 300;

describe('over a bad way', () => {
  it.each<[string, Omit<LossyCall, 'seed' | 'frames'>, number]>([
    ['no loss', { impairment: { delay: 50, jitter: 10 } }, 1],
    ['2 % loss', { impairment: { loss: 2, delay: 20, duplicate: 1 } }, 0.99],
    ['2 % loss, resent as they were', { impairment: { loss: 2, delay: 20, duplicate: 1 }, rtx: false }, 0.99],
    ['10 % loss', { impairment: { loss: 10, delay: 10, jitter: 5, ordered: false, duplicate: 2 } }, 0.98],
    ['10 % loss on a long way', { impairment: { loss: 10, delay: 50, jitter: 5 } }, 0.97],
    ['10 % loss in bursts of four', { impairment: { loss: 10, burst: 4, delay: 50 } }, 0.9],
    ['10 % loss on a longer way, resent as they were', { impairment: { loss: 10, delay: 80 }, rtx: false }, 0.85],
    ['20 % loss', { impairment: { loss: 20, delay: 50 } }, 0.9],
    ['30 ms of jitter', { impairment: { delay: 20, jitter: 30, ordered: false, duplicate: 5 } }, 0.99],
    ['packets held back', { impairment: { delay: 20, reorder: 5 } }, 0.99],
    ['40 % loss', { impairment: { loss: 40, delay: 20, jitter: 30, ordered: false, duplicate: 10 } }, 0],
  ])(
    'with %s every chunk that comes out went in, in order, and no hole is left without a keyframe',
    (_what, way, share) => {
      for (let seed = 1; seed <= 3; seed++) {
        const outcome = playLossyCall({ ...way, seed, frames: FRAMES });
        let before = -1;
        outcome.arrivals.forEach(({ chunk, index }, at) => {
          if (index === undefined) throw new Error(`chunk ${at} never went in`);
          expect(index).toBeGreaterThan(before);
          if (index !== before + 1) expect(chunk.keyframe).toBe(true);
          before = index;
        });
        expect(seen(outcome, FRAMES).fps).toBeGreaterThanOrEqual(share * 30);
        const { lost, broken, 'awaiting-keyframe': awaiting } = outcome.received.drops;
        expect(lost + broken + awaiting + outcome.arrivals.length).toBeLessThanOrEqual(FRAMES);
        expect(broken).toBe(0);
      }
    },
  );

  it('asks for nothing where packets only come late, and for each lost one about once', () => {
    const late = playLossyCall({ seed: 4, impairment: { delay: 20, reorder: 3 }, frames: FRAMES });
    expect(late.sent.resent / late.sent.packets).toBeLessThan(0.01);
    const lossy = playLossyCall({ seed: 4, impairment: { loss: 3, delay: 50, jitter: 5 }, frames: FRAMES });
    expect(lossy.sent.resent / lossy.sent.packets).toBeLessThan(0.045);
  });

  it('gets over a blackout with one keyframe', () => {
    for (const [from, lasting] of [
      [100, 90],
      [131, 45],
    ] as const) {
      const outcome = playLossyCall({
        seed: 5,
        impairment: { delay: 50, loss: 1 },
        frames: FRAMES,
        change: (index) => (index === from ? { cut: true } : index === from + lasting ? { cut: false } : undefined),
      });
      const after = outcome.arrivals.find(({ index }) => (index ?? 0) >= from + lasting);
      expect(after?.chunk.keyframe).toBe(true);
      expect((after?.at ?? Infinity) - seconds(from + lasting)).toBeLessThan(500);
      expect(outcome.sent.resent).toBeLessThan(outcome.sent.packets * 0.1);
      expect(outcome.arrivals.filter(({ chunk }) => chunk.keyframe).length).toBeLessThanOrEqual(3);
    }
  });

  it('lets a frame that never ends hold a bounded number of packets and bytes, and plays on', () => {
    for (const size of [10, 60_000]) {
      const [from, to] = [sender(), receiver()];
      pushAll(to, packetsOf(from, picture(0, 100, true)), 0);
      const template = new HeaderTemplate({ ssrc: 50, payloadType: 96 });
      const payload = new Uint8Array(size);
      let sequence = (parseRtp(packetsOf(from, picture(1, 100))[0] as Uint8Array)?.sequence ?? 0) + 1;
      for (let count = 0; count < 5000; count++, sequence++) {
        to.push(template.packet({ marker: false, sequence, timestamp: 5 }, [payload], 'video').data, 0);
      }
      const begin = Uint8Array.of(0x10, 0x10, 0, 0, 0x9d, 1, 0x2a, 1, 0, 1, 0);
      const keyframe = template.packet({ marker: true, sequence, timestamp: 6 }, [begin], 'video').data;
      expect([...to.push(keyframe, 50).chunks, ...to.poll(60).chunks]).toMatchObject([{ keyframe: true }]);
    }
  });

  it('never throws at 2,000 mutated packets, and still plays afterwards', () => {
    const random = new Random(23);
    const [from, to] = [sender({ rtx: true }), receiver(new Map([[EXTENSION_URI.videoOrientation, 4]]))];
    let now = 0;
    for (let round = 0; round < 2000; round++) {
      now += 3;
      const [packet = new Uint8Array()] = packetsOf(from, picture(round, 60, round % 30 === 0), now);
      const bytes = packet.slice(0, random.next() < 0.8 ? packet.length : random.below(packet.length));
      for (let flips = random.below(4); flips > 0; flips--) bytes[random.below(bytes.length + 1)] = random.below(256);
      for (const { data } of to.push(bytes, now).chunks) expect(data.length).toBeGreaterThan(0);
      to.poll(now);
    }
    const chunks: Chunk[] = [];
    for (let index = 0; index < 60; index++) {
      now += 33;
      chunks.push(...pushAll(to, packetsOf(from, picture(5000 + index, 2000, index % 30 === 15), now), now));
      chunks.push(...to.poll(now + 15).chunks);
    }
    expect(chunks.length).toBeGreaterThanOrEqual(30);
  });
});

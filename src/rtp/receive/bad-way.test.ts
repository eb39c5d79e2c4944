import { describe, expect, it } from 'vitest';
import { Random } from '../../../test/media/random.ts';
import { packetsOf, picture, pushAll, receiver, seconds, sender } from '../../../test/support/rtp-ends.ts';
import type { Chunk } from '../../media/chunk.ts';
import { EXTENSION_URI } from '../packet/extension.ts';
import { HeaderTemplate } from '../packet/header-template.ts';
import { parseRtp } from '../packet/rtp-packet.ts';
import type { Received } from './video-receiver.ts';

interface Way {
  readonly loss: number;
  readonly jitter: number;
  readonly duplicates: number;
  readonly rtx: boolean;
  /** Milliseconds one way; default 20. */
  readonly delay?: number;
}

/** Sends frames over a bad way in both directions for `frames` frames; gives what went in and what came out. */
function run(seed: number, way: Way, frames: number) {
  const random = new Random(seed);
  const from = sender({ seed: seed * 0x0123_4567, rtx: way.rtx });
  const to = receiver();
  const { delay = 20 } = way;
  to.roundTrip = 2 * delay;
  const queue: { at: number; data: Uint8Array }[] = [];
  const given: Chunk[] = [];
  let wanted = true;
  const post = (data: Uint8Array, now: number) => {
    if (random.next() >= way.loss) queue.push({ at: now + delay + random.next() * way.jitter, data });
    if (random.next() < way.duplicates) queue.push({ at: now + delay + random.next() * way.jitter, data });
  };
  const react = ({ chunks, feedback }: Received, now: number) => {
    given.push(...chunks);
    for (const packet of feedback) {
      if (random.next() < way.loss) continue;
      const { resend, keyframe } = from.onRtcp(packet, now + delay);
      wanted ||= keyframe;
      for (const { data } of resend) post(data, now + delay);
    }
  };
  const sent = new Map<string, number>();
  for (let index = 0; index < frames; index++) {
    const now = seconds(index);
    const chunk = picture(index, random.below(random.next() < 0.1 ? 30_000 : 6000), wanted);
    sent.set(Buffer.from(chunk.data).toString('latin1'), index);
    wanted = false;
    for (const { data } of from.send(chunk, now)) post(data, now);
    for (let tick = now; tick < seconds(index + 1); tick += 5) {
      queue.sort((a, b) => a.at - b.at);
      while (queue[0] && queue[0].at <= tick) react(to.push(queue.shift()?.data ?? new Uint8Array(), tick), tick);
      react(to.poll(tick), tick);
    }
  }
  const order = given.map(({ data }) => sent.get(Buffer.from(data).toString('latin1')));
  return { given, order, figures: to.figures };
}

describe('over a bad way', () => {
  it.each<[string, Way, number]>([
    ['2 % loss', { loss: 0.02, jitter: 0, duplicates: 0.01, rtx: true }, 0.98],
    ['2 % loss, resent as they were', { loss: 0.02, jitter: 0, duplicates: 0.01, rtx: false }, 0.98],
    ['10 % loss', { loss: 0.1, jitter: 5, duplicates: 0.02, rtx: true }, 0.9],
    ['10 % loss on a long way', { loss: 0.1, jitter: 5, duplicates: 0, rtx: true, delay: 50 }, 0.9],
    ['30 ms of jitter', { loss: 0, jitter: 30, duplicates: 0.05, rtx: true }, 0.98],
    ['40 % loss', { loss: 0.4, jitter: 30, duplicates: 0.1, rtx: true }, 0],
  ])(
    'with %s every chunk that comes out went in, in order, and no hole is left without a keyframe',
    (_what, way, share) => {
      for (let seed = 1; seed <= 3; seed++) {
        const { given, order, figures } = run(seed, way, 300);
        let before = -1;
        order.forEach((index, at) => {
          if (index === undefined) throw new Error(`chunk ${at} never went in`);
          expect(index).toBeGreaterThan(before);
          if (index !== before + 1) expect(given[at]?.keyframe).toBe(true);
          before = index;
        });
        expect(order.length).toBeGreaterThanOrEqual(share * 290);
        const drops = figures.drops.lost + figures.drops.broken + figures.drops['awaiting-keyframe'];
        expect(drops + order.length).toBeLessThanOrEqual(300);
        expect(figures.drops.broken).toBe(0);
      }
    },
  );

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

import { describe, expect, it } from 'vitest';
import { HeaderTemplate } from '../../packet/header-template.ts';
import { wireSize, type OutgoingPacket } from '../../packet/outgoing-packet.ts';
import { parseRtp, type RtpPacket } from '../../packet/rtp-packet.ts';
import { ResendStore } from './resend-store.ts';
import { Resender } from './resender.ts';

const TEMPLATE = new HeaderTemplate({ ssrc: 50, payloadType: 96 });

function media(sequence: number, size = 1000): OutgoingPacket {
  const fields = { marker: false, sequence: sequence & 0xffff, timestamp: sequence * 100 };
  return TEMPLATE.packet(fields, [new Uint8Array(size)], 'video');
}

/** A resender that has sent packets `from` to `to`, one each `gap` ms, the first at 0. */
function sent(from: number, to: number, gap: number, rtx = true): Resender {
  const resender = new Resender({ ...(rtx && { rtx: { ssrc: 51, payloadType: 97 } }), seed: 1 });
  for (let sequence = from; sequence <= to; sequence++) {
    resender.keep(sequence & 0xffff, media(sequence), (sequence - from) * gap);
  }
  return resender;
}

function read({ data }: OutgoingPacket): RtpPacket {
  const packet = parseRtp(data);
  if (!packet) throw new Error('no packet');
  return packet;
}

const WAY = { roundTrip: 20, loss: 0.02, queue: 0 };

const original = (packet: OutgoingPacket): number => {
  const { payload } = read(packet);
  return ((payload[0] ?? 0) << 8) | (payload[1] ?? 0);
};
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, at) => (from + at) & 0xffff);

describe('ResendStore', () => {
  const packet = media(0, 1188);

  it('is bounded in number, bytes and age', () => {
    const store = new ResendStore();
    for (let index = 0; index < 10_000; index++) store.add((60_000 + index) & 0xffff, packet, index * 0.01);
    expect(store.size * 1200).toBeLessThanOrEqual(4 << 20);
    expect(store.claim((60_000 + 9999) & 0xffff, 101, 0).kind).toBe('resend');
    expect(store.claim((60_000 + 1000) & 0xffff, 101, 0).kind).toBe('gone');
    store.add(70_000 & 0xffff, packet, 5000);
    expect(store.size).toBe(1);
  });

  it('keeps at least a second at 20 Mbit/s and resends a packet ten times at most', () => {
    const store = new ResendStore();
    for (let index = 0; index < 2084; index++) store.add(index, packet, index * 0.48);
    for (let attempt = 0; attempt < 10; attempt++) {
      expect(store.claim(0, 1000 + attempt * 20, 5)).toMatchObject({ kind: 'resend', first: attempt === 0 });
    }
    expect(store.claim(0, 1500, 5).kind).toBe('gone');
  });

  it('takes two requests for one while the resend is on its way, and a repeat that comes a little early for a repeat', () => {
    const store = new ResendStore();
    store.add(7, packet, 0);
    expect([50, 60, 124, 126].map((now) => store.claim(7, now, 100).kind)).toEqual([
      'resend',
      'wait',
      'wait',
      'resend',
    ]);
  });

  it('does not call gone what was never sent', () => {
    const store = new ResendStore();
    store.add(7, packet, 0);
    expect([8, 6, 40_000].map((sequence) => store.claim(sequence, 1, 100).kind)).toEqual(['wait', 'wait', 'wait']);
  });
});

describe('Resender', () => {
  it('counts what is resent for the first time', () => {
    const resender = sent(0, 9, 4);
    expect(resender.answer([3, 5], 50, WAY)).toMatchObject({ first: 2, keyframe: false });
    expect(resender.answer([3, 6], 80, WAY)).toMatchObject({ first: 1, keyframe: false });
  });

  it('sends what it resends again twice, and everything where much is lost, never one right after the other', () => {
    const resender = sent(0, 9, 4);
    expect(resender.answer([3, 5], 50, WAY).packets.map(original)).toEqual([3, 5]);
    expect(resender.answer([3, 6], 80, WAY).packets.map(original)).toEqual([3, 6, 3]);
    const lossy = { roundTrip: 20, loss: 0.1, queue: 0 };
    expect(resender.answer([7, 8], 80, lossy).packets.map(original)).toEqual([7, 8, 7, 8]);
    expect(resender.resent).toBe(9);
  });

  it('sends nothing twice into a queue that stands', () => {
    const resender = sent(0, 9, 4);
    const full = { roundTrip: 20, loss: 0.3, queue: 400 };
    expect(resender.answer([3, 5], 50, full).packets.map(original)).toEqual([3, 5]);
    expect(resender.answer([3], 80, full).packets.map(original)).toEqual([3]);
  });

  it('makes a keyframe of what a full queue refused', () => {
    const resender = sent(0, 60, 4);
    const full = { roundTrip: 20, loss: 0.3, queue: 400 };
    expect(resender.answer(range(10, 20), 50, full).packets).toHaveLength(11);
    expect(resender.answer(range(30, 40), 60, full)).toEqual({ packets: [], first: 0, keyframe: true });
    expect(resender.answer(range(41, 50), 70, full).packets).toEqual([]);
  });

  it('leaves out what a keyframe has replaced', () => {
    const resender = sent(0, 9, 4);
    resender.onKeyframe(6);
    expect(resender.answer([3, 5, 6, 8], 50, WAY).packets.map(original)).toEqual([6, 8]);
    resender.onKeyframe(4);
    expect(resender.answer([5], 80, WAY).packets).toEqual([]);
  });

  it('resends a burst, but a keyframe instead of an outage, across the wrap', () => {
    const resender = sent(65_400, 65_700, 4);
    expect(resender.answer(range(65_500, 65_560), 1300, WAY)).toMatchObject({ keyframe: false, first: 61 });
    expect(resender.answer(range(65_480, 65_560), 1340, WAY)).toEqual({ packets: [], first: 0, keyframe: true });
  });

  it('promises one keyframe for all that was sent before, and resends what comes after', () => {
    const resender = sent(0, 300, 4);
    expect(resender.answer(range(100, 200), 1210, WAY).keyframe).toBe(true);
    expect(resender.answer([...range(100, 200), 290], 1260, WAY)).toEqual({ packets: [], first: 0, keyframe: false });
    resender.keep(301, media(301), 1270);
    expect(resender.answer([290, 301], 1300, WAY).packets.map(original)).toEqual([301]);
  });

  it('promises a keyframe for what is kept no more', () => {
    const resender = sent(0, 1000, 4);
    expect(resender.answer([10, 990], 4010, WAY)).toMatchObject({ packets: [], keyframe: true });
  });

  it('forgets a promise before the numbers come round', () => {
    const resender = sent(0, 300, 4);
    resender.answer(range(100, 200), 1210, WAY);
    for (let sequence = 301; sequence < 40_000; sequence++) resender.keep(sequence, media(sequence, 10), sequence * 4);
    expect(resender.answer([39_990], 160_000, WAY).packets).toHaveLength(1);
  });

  it('pads with what was sent last, the newest first, and not the same again at once', () => {
    const resender = sent(0, 9, 4);
    const first = resender.padding(2000, 40);
    expect(first.map(original)).toEqual([9, 8]);
    expect(first.every(({ urgency }) => urgency === 'padding')).toBe(true);
    expect(resender.padding(1, 41).map(original)).toEqual([7]);
    resender.keep(10, media(10), 45);
    expect(resender.padding(1, 46).map(original)).toEqual([10]);
  });

  it('pads with empty packets where nothing was sent lately', () => {
    const resender = sent(0, 9, 4);
    const packets = resender.padding(1000, 3000);
    expect(packets.reduce((sum, packet) => sum + wireSize(packet), 0)).toBeGreaterThanOrEqual(1000);
    for (const packet of packets) {
      expect(packet.data.length).toBe(12 + 255);
      expect(read(packet)).toMatchObject({ ssrc: 51, payloadType: 97, timestamp: 900 });
      expect(read(packet).payload).toHaveLength(0);
    }
    expect(new Set(packets.map((packet) => read(packet).sequence)).size).toBe(packets.length);
  });

  it('cannot pad without RTX, or before anything was sent', () => {
    expect(sent(0, 9, 4, false).padding(1000, 40)).toEqual([]);
    expect(sent(1, 0, 4).padding(1000, 40)).toEqual([]);
  });
});

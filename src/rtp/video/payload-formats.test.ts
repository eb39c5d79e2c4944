import { describe, expect, it } from 'vitest';
import { Random } from '../../../test/media/random.ts';
import { Av1Depacketizer } from './av1/av1-depacketizer.ts';
import { createPacketizer } from './create-packetizer.ts';
import { H264Depacketizer } from './h264/h264-depacketizer.ts';
import { splitAnnexB } from './h264/h264-nal.ts';
import { H264Packetizer } from './h264/h264-packetizer.ts';
import { joinPieces } from './join.ts';
import { parseVp8Descriptor } from './vp8/vp8-descriptor.ts';
import { Vp8Depacketizer } from './vp8/vp8-depacketizer.ts';
import { Vp9Depacketizer } from './vp9/vp9-depacketizer.ts';

const SPS = Uint8Array.of(0x67, 0x42, 0xc0, 0x1f, 0xda, 1);
const PPS = Uint8Array.of(0x68, 0xce, 0x3c, 0x80);
const IDR = Uint8Array.of(0x65, 0x88, 0x84, 1, 2, 3);
const START = [0, 0, 0, 1];
const whole = (data: Uint8Array) => ({ data, keyframe: false });

describe('VP8 payloads', () => {
  it.each([
    ['one byte', [0x10, 5], { size: 1, beginsFrame: true, unreferenced: false }],
    ['7-bit picture id', [0x90, 0x80, 0x11, 5], { size: 3, beginsFrame: true, unreferenced: false }],
    ['15-bit picture id', [0x80, 0x80, 0x81, 0x11, 5], { size: 4, beginsFrame: false, unreferenced: false }],
    ['everything', [0xb0, 0xf0, 0x81, 0x11, 1, 0x20, 5], { size: 6, beginsFrame: true, unreferenced: true }],
    ['a later partition', [0x11, 5], { size: 1, beginsFrame: false, unreferenced: false }],
  ])('have descriptors of %s', (_what, bytes, descriptor) => {
    expect(parseVp8Descriptor(Uint8Array.from(bytes))).toEqual(descriptor);
  });

  it('are refused where they end in the descriptor', () => {
    expect(parseVp8Descriptor(Uint8Array.of(0x90, 0x80, 0x81, 0x11))).toBeUndefined();
  });

  it('tell that no frame refers to a frame', () => {
    const assembled = new Vp8Depacketizer().assemble([Uint8Array.of(0x30, 1, 2, 3)]);
    expect(assembled).toMatchObject({ kind: 'frame', keyframe: false, referenced: false });
  });

  it('carry picture ids that wrap at 15 bits', () => {
    const packetizer = createPacketizer('vp8', '', 0x7fff);
    const ids = [1, 2].map(() =>
      joinPieces(packetizer.packetize(whole(Uint8Array.of(1, 2, 3)), 100)[0] ?? []).subarray(2, 4),
    );
    expect(ids).toEqual([Uint8Array.of(0xff, 0xff), Uint8Array.of(0x80, 0)]);
  });

  it('of one frame are about equally long', () => {
    const sizes = createPacketizer('vp8', '', 0)
      .packetize(whole(new Uint8Array(2300)), 1154)
      .map((pieces) => joinPieces(pieces).length);
    expect(sizes).toEqual([1154, 1154]);
    expect(createPacketizer('vp8', '', 0).packetize(whole(new Uint8Array(2301)), 1154)).toHaveLength(3);
  });
});

describe('H.264 payloads', () => {
  const annexB = (...nals: Uint8Array[]) => Uint8Array.from(nals.flatMap((nal) => [...START, ...nal]));

  it('carry parameter sets together and split long slices', () => {
    const slice = Uint8Array.from({ length: 250 }, (_, at) => (at === 0 ? 0x65 : at === 1 ? 0x88 : (at % 251) | 1));
    const payloads = new H264Packetizer(1).packetize(whole(annexB(SPS, PPS, slice)), 100).map(joinPieces);
    expect(payloads.map((payload) => (payload[0] ?? 0) & 31)).toEqual([24, 28, 28, 28]);
    expect(payloads.slice(1).map((payload) => payload[1])).toEqual([0x85, 0x05, 0x45]);
    expect(new H264Depacketizer().assemble(payloads)).toMatchObject({ kind: 'frame', data: annexB(SPS, PPS, slice) });
  });

  it('are one NAL unit each in mode 0', () => {
    const packetizer = createPacketizer('h264', 'profile-level-id=42e01f', 0);
    expect(packetizer.packetize(whole(annexB(SPS, PPS, IDR)), 100).map(joinPieces)).toEqual([SPS, PPS, IDR]);
    expect(
      createPacketizer('h264', 'packetization-mode=1', 0).packetize(whole(annexB(SPS, PPS, IDR)), 100),
    ).toHaveLength(2);
  });

  it('give each IDR its parameter sets, if they were sent ahead by themselves', () => {
    const depacketizer = new H264Depacketizer();
    expect(depacketizer.assemble([SPS])).toEqual({ kind: 'nothing' });
    expect(depacketizer.assemble([PPS])).toEqual({ kind: 'nothing' });
    expect(depacketizer.assemble([IDR])).toMatchObject({ kind: 'frame', keyframe: true, data: annexB(SPS, PPS, IDR) });
  });

  it('take parameter sets from the negotiation', () => {
    const sprop = [SPS, PPS].map((set) => Buffer.from(set).toString('base64')).join(',');
    const depacketizer = new H264Depacketizer(`packetization-mode=1;sprop-parameter-sets=${sprop};x=1`);
    expect(depacketizer.assemble([IDR])).toMatchObject({ kind: 'frame', data: annexB(SPS, PPS, IDR) });
    expect(new H264Depacketizer().assemble([IDR])).toMatchObject({ kind: 'broken' });
  });

  it('tell a slice that nothing refers to', () => {
    expect(new H264Depacketizer().assemble([Uint8Array.of(0x01, 0x9a, 1)])).toMatchObject({ referenced: false });
    expect(new H264Depacketizer().assemble([Uint8Array.of(0x41, 0x9a, 1)])).toMatchObject({ referenced: true });
  });

  it.each([
    ['a fragment without a start', [[0x7c, 0x05, 1, 2]]],
    ['a fragment without an end', [[0x7c, 0x85, 1, 2]]],
    [
      'a unit inside fragments',
      [
        [0x7c, 0x85, 1, 2],
        [0x41, 1],
        [0x7c, 0x45, 1],
      ],
    ],
    ['an aggregate beyond its end', [[0x78, 0, 9, 0x67]]],
    ['an interleaved type', [[0x79, 0, 1, 0, 1, 0x41]]],
  ])('are refused with %s', (_what, payloads) => {
    expect(new H264Depacketizer().assemble(payloads.map((bytes) => Uint8Array.from(bytes))).kind).toBe('broken');
  });

  it('are found between start codes of either length, whatever lies around', () => {
    expect(
      splitAnnexB(Uint8Array.of(9, 0, 0, 1, 0x67, 0, 0, 2, 0, 0, 0, 0, 1, 0x68, 3, 0, 0, 1, 0, 0, 1, 0x65, 0, 0)),
    ).toEqual([Uint8Array.of(0x67, 0, 0, 2), Uint8Array.of(0x68, 3), Uint8Array.of(0x65)]);
    const random = new Random(2);
    for (let round = 0; round < 2000; round++) {
      const bytes = Uint8Array.from({ length: random.below(60) }, () => random.below(3));
      for (const nal of splitAnnexB(bytes)) expect(nal.length).toBeGreaterThan(0);
    }
  });
});

describe('hostile payloads', () => {
  it('of a million tiny units are refused before they are joined', () => {
    const units = Uint8Array.from([0x78, ...Array.from({ length: 300 }, () => [0, 1, 0x41]).flat()]);
    expect(new H264Depacketizer().assemble(Array.from({ length: 2000 }, () => units)).kind).toBe('broken');
    const obus = Uint8Array.from([0x00, ...Array.from({ length: 500 }, () => [1, 0x28]).flat()]);
    expect(new Av1Depacketizer().assemble(Array.from({ length: 2000 }, () => obus)).kind).toBe('broken');
  });
});

describe('VP9 payloads', () => {
  // I L F, picture id, TID U SID D, P_DIFF none: a keyframe of two spatial layers.
  const layer = (spatial: number, flags: number, ...bytes: number[]) =>
    Uint8Array.from([0xb0 | flags, 1, spatial << 1, ...bytes]);

  it('of several spatial layers become a superframe with an index', () => {
    const assembled = new Vp9Depacketizer().assemble([
      layer(0, 0x0c, 0x82, 1, 2),
      layer(1, 0x08, 0x86, 3),
      layer(1, 0x04, 4),
    ]);
    const index = [0xd9, 3, 0, 0, 0, 3, 0, 0, 0, 0xd9];
    expect(assembled).toMatchObject({
      kind: 'frame',
      keyframe: true,
      data: Uint8Array.of(0x82, 1, 2, 0x86, 3, 4, ...index),
    });
  });

  it('are broken where a layer lacks its end', () => {
    expect(new Vp9Depacketizer().assemble([layer(0, 0x08, 0x82, 1), layer(1, 0x0c, 0x86)]).kind).toBe('broken');
  });
});

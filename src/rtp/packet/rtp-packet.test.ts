import { describe, expect, it } from 'vitest';
import { Random } from '../../../test/media/random.ts';
import { readExtension } from './extension.ts';
import { HeaderTemplate } from './header-template.ts';
import { EXTENSION_URI } from './extension.ts';
import { rewritePayloadType, rewriteSequence, rewriteSsrc, rewriteTimestamp, stripToPayload } from './rewrite.ts';
import { parseRtp, type RtpPacket } from './rtp-packet.ts';

const HEADER = [0x80, 0xe0, 0xff, 0xff, 0x12, 0x34, 0x56, 0x78, 0xde, 0xad, 0xbe, 0xef];

function parsed(...bytes: number[]): RtpPacket {
  const packet = parseRtp(Uint8Array.from(bytes));
  if (!packet) throw new Error('does not parse');
  return packet;
}

/** The header with another first byte. */
const headed = (first: number, ...rest: number[]) => [first, ...HEADER.slice(1), ...rest];

describe('parseRtp', () => {
  it('reads the fixed header and the payload', () => {
    expect(parsed(...HEADER, 1, 2, 3)).toMatchObject({
      marker: true,
      payloadType: 96,
      sequence: 65_535,
      timestamp: 0x12345678,
      ssrc: 0xdeadbeef,
      payload: Uint8Array.of(1, 2, 3),
    });
  });

  it('skips contributing sources and takes padding off', () => {
    expect(parsed(...headed(0xa1, 9, 9, 9, 9, 7, 7, 0, 0, 3)).payload).toEqual(Uint8Array.of(7, 7));
  });

  it('reads a packet of nothing but padding as empty', () => {
    expect(parsed(...headed(0xa0, 0, 0, 0, 4)).payload).toHaveLength(0);
  });

  it('finds extensions with one-byte headers, over padding, up to the reserved id', () => {
    const packet = parsed(...headed(0x90, 0xbe, 0xde, 0, 3, 0x10, 5, 0, 0x31, 8, 9, 0, 0x20, 6, 0xf0, 0x40, 1, 42));
    expect(readExtension(packet, 1)).toEqual(Uint8Array.of(5));
    expect(readExtension(packet, 3)).toEqual(Uint8Array.of(8, 9));
    expect(readExtension(packet, 2)).toEqual(Uint8Array.of(6));
    expect(readExtension(packet, 4)).toBeUndefined();
    expect(packet.payload).toEqual(Uint8Array.of(42));
  });

  it('finds extensions with two-byte headers, empty ones too', () => {
    const packet = parsed(...headed(0x90, 0x10, 0, 0, 2, 20, 2, 8, 9, 0, 21, 0, 0));
    expect(readExtension(packet, 20)).toEqual(Uint8Array.of(8, 9));
    expect(readExtension(packet, 21)).toHaveLength(0);
    expect(readExtension(packet, 22)).toBeUndefined();
  });

  it.each([
    ['too short', HEADER.slice(0, 11)],
    ['of another version', headed(0x40)],
    ['with sources beyond its end', headed(0x8f, 1, 2, 3)],
    ['with an extension beyond its end', headed(0x90, 0xbe, 0xde, 0, 2, 1, 2, 3, 4)],
    ['with more padding than payload', headed(0xa0, 1, 2, 4)],
    ['with padding of no size', headed(0xa0, 1, 2, 0)],
  ])('refuses a packet %s', (_what, bytes) => {
    expect(parseRtp(Uint8Array.from(bytes))).toBeUndefined();
  });

  it('never throws at 2,000 random and mutated packets', () => {
    const random = new Random(3);
    const seed = headed(0x91, 1, 2, 3, 4, 0xbe, 0xde, 0, 2, 0x10, 1, 0x22, 1, 2, 3, 0, 0, 9, 9, 9);
    for (let round = 0; round < 2000; round++) {
      const bytes = Uint8Array.from({ length: random.below(60) }, (_, at) =>
        random.next() < 0.8 ? (seed[at] ?? 0) : random.below(256),
      );
      const packet = parseRtp(bytes);
      if (packet) for (let id = 0; id < 16; id++) readExtension(packet, id);
    }
  });
});

describe('rewriting', () => {
  it('changes single fields in place', () => {
    const data = Uint8Array.from([...HEADER, 1]);
    rewriteSsrc(data, 1);
    rewritePayloadType(data, 111);
    rewriteSequence(data, 2);
    rewriteTimestamp(data, 0xffff_ffff);
    expect(parseRtp(data)).toMatchObject({
      marker: true,
      payloadType: 111,
      sequence: 2,
      timestamp: 0xffff_ffff,
      ssrc: 1,
    });
  });

  it('strips extensions, sources and padding without copying the payload', () => {
    const packet = parsed(...headed(0xb1, 9, 9, 9, 9, 0xbe, 0xde, 0, 1, 0x10, 5, 0, 0, 7, 8, 0, 2));
    const { payload } = packet;
    const stripped = stripToPayload(packet);
    expect([...stripped]).toEqual([0x80, ...HEADER.slice(1), 7, 8]);
    expect(stripped.buffer).toBe(payload.buffer);
  });
});

describe('HeaderTemplate', () => {
  const ids = new Map<string, number>([
    [EXTENSION_URI.mid, 4],
    [EXTENSION_URI.transportSequence, 3],
    [EXTENSION_URI.absoluteSendTime, 2],
    [EXTENSION_URI.playoutDelay, 6],
  ]);
  const template = new HeaderTemplate({
    ssrc: 77,
    payloadType: 96,
    extensions: { ids, mid: 'v0', playoutDelay: { minimum: 0, maximum: 100 } },
  });
  const { data, transportSequenceAt, sendTimeAt } = template.packet(
    { marker: false, sequence: 65_536 + 5, timestamp: 90 },
    [Uint8Array.of(1), Uint8Array.of(2, 3)],
    'video',
  );

  it('writes packets that read back', () => {
    const packet = parseRtp(data) as RtpPacket;
    expect(packet).toMatchObject({ marker: false, sequence: 5, timestamp: 90, ssrc: 77, payloadType: 96 });
    expect(packet.payload).toEqual(Uint8Array.of(1, 2, 3));
    expect(readExtension(packet, 4)).toEqual(new TextEncoder().encode('v0'));
    expect(readExtension(packet, 6)).toEqual(Uint8Array.of(0, 0, 10));
  });

  it('says where the values go that are known only when the packet leaves', () => {
    data.set([0xab, 0xcd], transportSequenceAt);
    data.set([1, 2, 3], sendTimeAt);
    const packet = parseRtp(data) as RtpPacket;
    expect(readExtension(packet, 3)).toEqual(Uint8Array.of(0xab, 0xcd));
    expect(readExtension(packet, 2)).toEqual(Uint8Array.of(1, 2, 3));
  });

  it('writes no extension block where nothing is negotiated', () => {
    const bare = new HeaderTemplate({ ssrc: 1, payloadType: 96 });
    expect(bare.packet({ marker: true, sequence: 1, timestamp: 1 }, [Uint8Array.of(9)], 'audio')).toMatchObject({
      data: Uint8Array.of(0x80, 0xe0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 9),
      transportSequenceAt: -1,
      sendTimeAt: -1,
    });
  });
});

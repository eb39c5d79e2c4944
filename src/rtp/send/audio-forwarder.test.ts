import { describe, expect, it } from 'vitest';
import { Random } from '../../../test/media/random.ts';
import { EXTENSION_URI, readExtension } from '../packet/extension.ts';
import { HeaderTemplate } from '../packet/header-template.ts';
import { parseRtp, type RtpPacket } from '../packet/rtp-packet.ts';
import { NtpClock } from '../rtcp/ntp-clock.ts';
import { AudioForwarder } from './audio-forwarder.ts';

const CLOCK = new NtpClock(1.764e12);

function forwarder(): AudioForwarder {
  return new AudioForwarder({
    receivePayloadType: 111,
    ssrc: 70,
    payloadType: 96,
    extensions: { ids: new Map<string, number>([[EXTENSION_URI.mid, 9]]), mid: '0' },
    clock: CLOCK,
    seed: 0x0001_0000,
  });
}

/** 20 ms of sound as a peer sends it, with an extension of its own. */
function sound(
  sequence: number,
  options: { ssrc?: number; timestamp?: number; payloadType?: number } = {},
): Uint8Array {
  const { ssrc = 3, timestamp = sequence * 960, payloadType = 111 } = options;
  const ids = new Map<string, number>([[EXTENSION_URI.mid, 1]]);
  const template = new HeaderTemplate({ ssrc, payloadType, extensions: { ids, mid: 'mic' } });
  return template.packet({ marker: false, sequence, timestamp }, [Uint8Array.of(0xfc, sequence & 0xff)], 'audio').data;
}

function forwarded(by: AudioForwarder, data: Uint8Array, now: number): RtpPacket {
  const packet = by.forward(data, now);
  const parsed = packet && parseRtp(packet.data);
  if (!parsed) throw new Error('not forwarded');
  return parsed;
}

describe('AudioForwarder', () => {
  it('gives the sound another header and leaves it alone otherwise', () => {
    const packet = forwarded(forwarder(), sound(7), 0);
    expect(packet).toMatchObject({ ssrc: 70, payloadType: 96, sequence: 0x101, payload: Uint8Array.of(0xfc, 7) });
    expect(packet.timestamp).toBe(7 * 960 + 0x0001_0000);
    expect(readExtension(packet, 9)).toEqual(new TextEncoder().encode('0'));
    expect(readExtension(packet, 1)).toBeUndefined();
  });

  it('keeps holes, order and wraps as they came', () => {
    const by = forwarder();
    const inputs = [65_534, 0, 65_535, 3];
    const sequences = inputs.map(
      (sequence, index) => forwarded(by, sound(sequence, { timestamp: 5 }), index * 20).sequence,
    );
    expect(sequences.map((sequence) => sequence - (sequences[0] ?? 0))).toEqual([0, 2, 1, 5]);
  });

  it('goes on without a break when the source changes or counts anew', () => {
    const by = forwarder();
    const first = forwarded(by, sound(100), 0);
    const second = forwarded(by, sound(40_000, { ssrc: 4, timestamp: 77 }), 500);
    expect(second.sequence).toBe(first.sequence + 1);
    expect(second.timestamp).toBe(first.timestamp + 24_000);
    expect(by.forward(sound(10, { ssrc: 4, timestamp: 9_000_000 }), 520)).toBeUndefined();
    expect(forwarded(by, sound(11, { ssrc: 4, timestamp: 9_000_960 }), 540).sequence).toBe(first.sequence + 2);
  });

  it('forwards only the sound that was negotiated', () => {
    expect(forwarder().forward(sound(1, { payloadType: 9 }), 0)).toBeUndefined();
    expect(forwarder().forward(Uint8Array.of(1), 0)).toBeUndefined();
  });

  it('reports both ways', () => {
    const by = forwarder();
    expect(by.report(0)).toBeUndefined();
    expect(by.receptionReport(0)).toBeUndefined();
    forwarded(by, sound(1), 0);
    forwarded(by, sound(3), 40);
    by.onRtcp(
      {
        type: 'sender-report',
        ssrc: 3,
        ntp: { high: 1, low: 0 },
        rtpTimestamp: 0,
        packetCount: 0,
        octetCount: 0,
        reports: [],
      },
      50,
    );
    expect(by.receptionReport(60)).toMatchObject({ ssrc: 3, cumulativeLost: 1, lastSenderReport: 0x0001_0000 });
    expect(by.report(60)).toMatchObject({ ssrc: 70, packetCount: 2, octetCount: 4, ntp: CLOCK.at(60) });
    expect(by.report(60)?.rtpTimestamp).toBe(3 * 960 + 960 + 0x0001_0000);
  });

  it('never throws at 2,000 mutated packets', () => {
    const random = new Random(9);
    const by = forwarder();
    for (let round = 0; round < 2000; round++) {
      const bytes = sound(round & 0xffff).slice(0, random.next() < 0.8 ? undefined : random.below(24));
      for (let flips = random.below(4); flips > 0; flips--) bytes[random.below(bytes.length + 1)] = random.below(256);
      const packet = by.forward(bytes, round * 20);
      if (packet) expect(parseRtp(packet.data)?.ssrc).toBe(70);
    }
  });
});

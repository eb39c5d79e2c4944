import { describe, expect, it } from 'vitest';
import { packetsOf, picture, sender } from '../../../test/support/rtp-ends.ts';
import type { Chunk } from '../../media/chunk.ts';
import { AUDIO_CLOCK, VIDEO_CLOCK } from '../../time.ts';
import { EXTENSION_URI, layExtensions, readExtension, type ExtensionElement } from '../packet/extension.ts';
import { readCaptureTime, writeCaptureTime } from '../packet/capture-time.ts';
import { parseRtp } from '../packet/rtp-packet.ts';
import { NtpClock, ntpMiddle } from '../rtcp/ntp-clock.ts';
import { VideoSender } from '../send/video-sender.ts';
import { SourceClock } from '../source-clock.ts';
import { VideoReceiver } from './video-receiver.ts';

const IDS = new Map<string, number>([
  [EXTENSION_URI.videoOrientation, 4],
  [EXTENSION_URI.absoluteCaptureTime, 5],
  [EXTENSION_URI.streamId, 10],
  [EXTENSION_URI.repairedStreamId, 11],
]);
const FORMATS = [
  { name: 'vp8', payloadType: 96, parameters: '' },
  { name: 'rtx', payloadType: 97, parameters: 'apt=96', associated: 96 },
];
const receiver = (layer?: string) =>
  new VideoReceiver({ receive: FORMATS, extensions: IDS, senderSsrc: 1, ...(layer && { layer }) });

/** The packet with these extensions. */
function withExtensions(packet: Uint8Array, ...elements: ExtensionElement[]): Uint8Array {
  const { block } = layExtensions(elements);
  const data = new Uint8Array(packet.length + block.length);
  data.set(packet.subarray(0, 12));
  data.set(block, 12);
  data.set(packet.subarray(12), 12 + block.length);
  data[0] = 0x90;
  return data;
}

const turned = (value: number): ExtensionElement => ({ id: 4, value: Uint8Array.of(value) });

describe('video-orientation', () => {
  /** Frames of one packet each; keyframes where told. */
  function play(frames: { readonly keyframe?: boolean; readonly rotation?: number }[]): (number | undefined)[] {
    const [from, to] = [sender(), receiver()];
    return frames.flatMap(({ keyframe = false, rotation }, index) => {
      const [packet] = packetsOf(from, picture(index, 100, keyframe), index * 33);
      const data = rotation === undefined ? packet! : withExtensions(packet!, turned(rotation));
      return to.push(data, index * 33).chunks.map((chunk: Chunk) => chunk.rotation);
    });
  }

  it('stays as it was where a frame does not tell it', () => {
    expect(play([{ keyframe: true, rotation: 1 }, {}, {}, { rotation: 3 }, {}, { rotation: 0 }, {}])).toEqual([
      1,
      1,
      1,
      3,
      3,
      undefined,
      undefined,
    ]);
  });

  it('is none where a keyframe does not tell it: senders must', () => {
    expect(play([{ keyframe: true, rotation: 2 }, {}, { keyframe: true }, {}])).toEqual([2, 2, undefined, undefined]);
  });

  it('is taken from its two last bits, whatever camera and mirror say', () => {
    expect(play([{ keyframe: true, rotation: 0b1111 }])).toEqual([3]);
  });
});

describe('abs-capture-time', () => {
  const CAPTURED = { high: 3_900_000_000, low: 0x8000_0000 };
  const told = (clockOffset?: number): ExtensionElement => ({
    id: 5,
    value: writeCaptureTime({ ...CAPTURED, ...(clockOffset !== undefined && { clockOffset }) }),
  });

  it('is read from any packet of a frame, and belongs to no other frame', () => {
    const [from, to] = [sender(), receiver()];
    const first = packetsOf(from, picture(0, 3000, true), 0);
    const chunks = [
      ...first.map((data, index) => (index === 1 ? withExtensions(data, told()) : data)),
      ...packetsOf(from, picture(1, 100), 33),
    ].flatMap((data) => [...to.push(data, 0).chunks]);
    expect(chunks.map(({ captureTime }) => captureTime)).toEqual([CAPTURED, undefined]);
  });

  it.each([-1234.5, -0.25, 0, 1, 86_400_000])('keeps an offset of %d ms', (clockOffset) => {
    const read = readCaptureTime(told(clockOffset).value)!;
    expect(read.clockOffset).toBeCloseTo(clockOffset, 5);
    expect(read).toMatchObject(CAPTURED);
  });

  it('of another length is none', () => {
    for (const length of [0, 1, 7, 9, 15]) expect(readCaptureTime(new Uint8Array(length))).toBeUndefined();
  });

  /** A sender whose input's clock is known to be `ahead` of ours, ms, after a report that took 20 ms. */
  function passing(ids: ReadonlyMap<string, number>, ahead?: number, roundTrip = 0) {
    const clock = new NtpClock(1.7e12);
    const source = new SourceClock();
    const timeline = source.timeline(VIDEO_CLOCK);
    source.timeline(AUDIO_CLOCK);
    source.roundTrip = roundTrip;
    timeline.onPacket(0, 0);
    if (ahead !== undefined) timeline.onSenderReport(clock.at(1000 + ahead), 0, 1020);
    return new VideoSender({ codec: 'vp8', ssrc: 50, payloadType: 96, extensions: { ids }, clock, timeline, seed: 1 });
  }

  const captureTimes = (packets: readonly Uint8Array[]) =>
    packets.map((data) => {
      const value = readExtension(parseRtp(data)!, 5);
      return value && readCaptureTime(value);
    });

  it('goes out in the first packet of its frame, the time as it was, without an offset where none came', () => {
    const packets = packetsOf(passing(IDS, 500), { ...picture(0, 3000, true), captureTime: CAPTURED });
    expect(captureTimes(packets)).toEqual([CAPTURED, undefined, undefined]);
    expect(packets.every(({ length }) => length <= 1200 - 18)).toBe(true);
    expect(parseRtp(packets[0]!)!.payload.length).toBeGreaterThan(900);
  });

  it('with an offset is put on our clock by the sender’s reports', () => {
    const chunk = { ...picture(0, 100, true), captureTime: { ...CAPTURED, clockOffset: 40 } };
    const [time] = captureTimes(packetsOf(passing(IDS, 500), chunk, 2000));
    // 40 ms to its own clock, which is 500 ms ahead of ours, of which 20 ms look like the way.
    expect(time).toMatchObject(CAPTURED);
    expect(time!.clockOffset).toBeCloseTo(40 + 500 - 20, 2);
  });

  it('takes the way of the reports off, which the round trip to their sender tells, not that to whom it goes', () => {
    const chunk = { ...picture(0, 100, true), captureTime: { ...CAPTURED, clockOffset: 40 } };
    const to = passing(IDS, 500, 40);
    // The receiver's report says that it is 300 ms away.
    const middle = (at: number) => ntpMiddle(new NtpClock(1.7e12).at(at));
    const report = { ssrc: 50, fractionLost: 0, cumulativeLost: 0, highestSequence: 1, jitter: 0 };
    const reports = [{ ...report, lastSenderReport: middle(1000), delaySinceLastSenderReport: 0 }];
    to.onRtcp({ type: 'receiver-report', ssrc: 9, reports }, 1300);
    expect(to.roundTrip).toBeCloseTo(300, 0);
    expect(captureTimes(packetsOf(to, chunk, 2000))[0]!.clockOffset).toBeCloseTo(40 + 500, 2);
  });

  it('loses an offset that cannot be put on our clock yet', () => {
    const chunk = { ...picture(0, 100, true), captureTime: { ...CAPTURED, clockOffset: 40 } };
    expect(captureTimes(packetsOf(passing(IDS), chunk))).toEqual([CAPTURED]);
  });

  it('is neither made up nor sent where it is not negotiated', () => {
    expect(captureTimes(packetsOf(passing(IDS, 0), picture(0, 100, true)))).toEqual([undefined]);
    const chunk = { ...picture(0, 100, true), captureTime: CAPTURED };
    expect(captureTimes(packetsOf(passing(new Map(), 0), chunk))).toEqual([undefined]);
  });

  it('stands behind the other extensions, which stay', () => {
    const ids = new Map<string, number>([...IDS, [EXTENSION_URI.mid, 1], [EXTENSION_URI.transportSequence, 3]]);
    const clock = new NtpClock(1.7e12);
    const extensions = { ids, mid: 'video' };
    const from = new VideoSender({ codec: 'vp8', ssrc: 50, payloadType: 96, extensions, clock, seed: 1 });
    const chunk = { ...picture(0, 100, true), captureTime: CAPTURED };
    const packet = parseRtp(packetsOf(from, chunk)[0]!)!;
    expect(new TextDecoder().decode(readExtension(packet, 1))).toBe('video');
    expect(readExtension(packet, 3)).toHaveLength(2);
    expect(readCaptureTime(readExtension(packet, 5)!)).toEqual(CAPTURED);
    expect(packet.payload.length).toBeGreaterThan(100);
  });
});

describe('a layer of a simulcast', () => {
  const named = (id: number, name: string): ExtensionElement => ({ id, value: new TextEncoder().encode(name) });

  it('is let through, by name and then by its source; others are not', () => {
    const to = receiver('h');
    const [high, low] = [sender({ ssrc: 50 }), sender({ ssrc: 60 })];
    let came = 0;
    for (let index = 0; index < 6; index++) {
      for (const [from, name] of [
        [low, 'l'],
        [high, 'h'],
      ] as const) {
        for (const data of packetsOf(from, picture(index, 100, index === 0), index * 33)) {
          const packet = index < 3 ? withExtensions(data, named(10, name)) : data;
          came += to.push(packet, index * 33).chunks.length;
          expect(to.ssrc).toBe(index === 0 && name === 'l' ? undefined : 50);
        }
      }
    }
    expect(came).toBe(6);
  });

  it('has its resends named by another extension', () => {
    const to = receiver('h');
    const [packet] = packetsOf(sender(), picture(0, 100, true));
    expect(to.push(withExtensions(packet!, named(11, 'l')), 0).chunks).toEqual([]);
    expect(to.ssrc).toBeUndefined();
    expect(to.push(withExtensions(packet!, named(11, 'h')), 0).chunks).toHaveLength(1);
  });

  it('lets in sources that name none, as senders do that took the answer literally', () => {
    const to = receiver('h');
    const [packet] = packetsOf(sender(), picture(0, 100, true));
    expect(to.push(packet!, 0).chunks).toHaveLength(1);
  });
});

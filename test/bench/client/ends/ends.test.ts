import { describe, expect, it } from 'vitest';
import type { Chunk } from '../../../../src/media/chunk.ts';
import { EXTENSION_URI } from '../../../../src/rtp/packet/extension.ts';
import { HeaderTemplate } from '../../../../src/rtp/packet/header-template.ts';
import type { RtcpPacket } from '../../../../src/rtp/rtcp/rtcp-packet.ts';
import { encodedClip } from '../../../media/clip.ts';
import { cut } from '../payload.ts';
import { readNegotiated } from './negotiated.ts';
import { ReceivingEnd } from './receiving-end.ts';
import { SendingEnd, type ClientPacket } from './sending-end.ts';

const ANSWER = [
  'm=video 9 UDP/TLS/RTP/SAVPF 96 97',
  'a=rtpmap:96 VP8/90000',
  'a=rtpmap:97 rtx/90000',
  'a=fmtp:97 apt=96',
  'a=extmap:1 urn:ietf:params:rtp-hdrext:sdes:mid',
  `a=extmap:3 ${EXTENSION_URI.transportSequence}`,
  '',
].join('\r\n');
const NEGOTIATED = readNegotiated(ANSWER);

function sendingEnd(rtx = true): SendingEnd {
  return new SendingEnd({
    ssrc: 0x1234_5678,
    payloadType: 96,
    rtx: rtx ? { ssrc: 9, payloadType: 97 } : undefined,
    now: 0,
  });
}

/** The packet as it is on the wire, with `number` as its transport-wide number. */
function wire({ ssrc, payloadType, payload, ...fields }: ClientPacket, number: number): Uint8Array {
  const extensions = { ids: new Map([[EXTENSION_URI.transportSequence, 3]]) };
  const packet = new HeaderTemplate({ ssrc, payloadType, extensions }).packet(fields, [payload], 'video');
  const at = packet.transportSequenceAt;
  packet.data.set([number >> 8, number & 0xff], at);
  return packet.data;
}

describe('the load client’s ends', () => {
  it('read formats and extensions from an answer', () => {
    expect(NEGOTIATED).toMatchObject({ payloadType: 96, rtxPayloadType: 97, sequenceId: 3 });
    expect(readNegotiated(ANSWER.replaceAll('97', '98').replace('apt=96', 'x=1')).rtxPayloadType).toBeUndefined();
  });

  it.each([true, false])('repair what is lost, with RTX %s, and feed back every arrival', async (rtx) => {
    const clip = await encodedClip({ script: 'talk', width: 320, height: 240, frameRate: 5 }, 'vp8');
    const sending = sendingEnd(rtx);
    const feedback: RtcpPacket[] = [];
    const chunks: Chunk[] = [];
    const receiving = new ReceivingEnd({
      negotiated: NEGOTIATED,
      senderSsrc: 1,
      onChunk: (chunk) => chunks.push(chunk),
      onFeedback: (packets) => feedback.push(...packets),
    });

    let [number, now] = [0, 0];
    // One more than is looked at: the loss of a last packet shows with the next.
    clip.chunks.slice(0, 21).forEach((chunk, index) => {
      const payloads = cut('vp8', chunk, index);
      payloads.forEach((payload, at) => {
        const packet = sending.packet(payload, 3000 * index, at === payloads.length - 1, now);
        if (++number % 7 !== 3) receiving.onRtp(wire(packet, number), now);
      });
      for (const end = now + 200; now < end; now += 10) {
        receiving.poll(now);
        for (const packet of feedback.splice(0).filter(({ type }) => type === 'nack'))
          for (const again of sending.onRtcp(packet, now)) receiving.onRtp(wire(again, ++number), now);
      }
    });

    chunks.length = 20;
    expect(chunks.map((chunk) => chunk?.timestamp)).toEqual(Array.from({ length: 20 }, (_, index) => 3000 * index));
    chunks.forEach(({ data }, index) => expect(Buffer.from(data).equals(clip.chunks[index]!.data)).toBe(true));
    expect(sending.resent).toBeGreaterThan(0);
    expect(receiving.figures.recovered).toBe(rtx ? sending.resent : 0);
  });

  it('tell arrivals every 50 ms, lost packets as lost', () => {
    const sending = sendingEnd();
    const feedback: RtcpPacket[] = [];
    const receiving = new ReceivingEnd({
      negotiated: NEGOTIATED,
      senderSsrc: 1,
      onChunk: () => undefined,
      onFeedback: (packets) => feedback.push(...packets),
    });
    for (const number of [1, 2, 4])
      receiving.onRtp(wire(sending.packet(Uint8Array.of(0x10, 0), 0, false, 0), number), 0);
    receiving.poll(50);

    const told = feedback.filter((packet) => packet.type === 'transport-feedback');
    expect(told.map(({ baseSequence, arrivals }) => [baseSequence, arrivals.length])).toEqual([[1, 4]]);
  });

  it('ask for a keyframe when a hole is not filled', async () => {
    const clip = await encodedClip({ script: 'talk', width: 320, height: 240, frameRate: 5 }, 'vp8');
    const sending = sendingEnd();
    const feedback: RtcpPacket[] = [];
    const chunks: Chunk[] = [];
    const receiving = new ReceivingEnd({
      negotiated: NEGOTIATED,
      senderSsrc: 1,
      onChunk: (chunk) => chunks.push(chunk),
      onFeedback: (packets) => feedback.push(...packets),
    });
    clip.chunks.slice(0, 10).forEach((chunk, index) => {
      const payloads = cut('vp8', chunk, index);
      payloads.forEach((payload, at) => {
        const packet = sending.packet(payload, 3000 * index, at === payloads.length - 1, index * 200);
        if (index !== 4) receiving.onRtp(wire(packet, packet.sequence), index * 200);
      });
      for (let now = index * 200; now < (index + 1) * 200; now += 10) receiving.poll(now);
    });

    expect(feedback.some(({ type }) => type === 'picture-loss')).toBe(true);
    expect(chunks.map(({ timestamp }) => timestamp / 3000)).toEqual([0, 1, 2, 3]);
  });

  it('report what they sent, on the picture’s clock', () => {
    const sending = sendingEnd();
    expect(sending.report([], 0)).toBeUndefined();
    sending.packet(new Uint8Array(100), 90_000, true, 1000);

    expect(sending.report([], 1500)).toMatchObject({ rtpTimestamp: 135_000, packetCount: 1, octetCount: 100 });
  });
});

/** Readers of decrypted media: what an authenticated peer can send. */
import { readCaptureTime } from '../../../src/rtp/packet/capture-time.ts';
import { readExtension } from '../../../src/rtp/packet/extension.ts';
import { stripToPayload } from '../../../src/rtp/packet/rewrite.ts';
import { parseRtp } from '../../../src/rtp/packet/rtp-packet.ts';
import { LayerFilter } from '../../../src/rtp/receive/layer-filter.ts';
import { VideoReceiver } from '../../../src/rtp/receive/video-receiver.ts';
import { parseRtcp } from '../../../src/rtp/rtcp/parse.ts';
import { createDepacketizer } from '../../../src/rtp/video/create-depacketizer.ts';
import { Hearing } from '../../../src/session/transport/datachannel/hearing.ts';
import { monotonic } from '../../../src/time.ts';
import { openCall, PEER } from '../../peer/fake-call.ts';
import { mustHold, type Kind } from '../hammer.ts';
import type { Mutator } from '../mutator.ts';
import {
  CODECS,
  EXTENSIONS,
  payloads,
  RESENT,
  resend,
  rtcpCompounds,
  rtpPackets,
  RunningStream,
  TYPES,
} from '../seeds.ts';

const never = (): boolean => false;

/** Bytes of H.264 parameter sets that are kept and put before a keyframe. */
const KEPT_SETS = 64 * 4096;

const rtp: Kind = {
  name: 'RTP packets and header extensions',
  throws: never,
  open: () => {
    const seeds = CODECS.flatMap((codec) => rtpPackets(codec));
    const filter = new LayerFilter('hi', EXTENSIONS);
    return (mutator) => {
      const packet = parseRtp(mutator.bytes(seeds));
      if (packet === undefined) return 'refused';
      filter.admits(packet);
      for (let id = 0; id < 16; id++) {
        const value = readExtension(packet, id);
        if (value !== undefined) readCaptureTime(value);
        mustHold((value?.length ?? 0) <= 255, 'an extension is at most 255 bytes');
      }
      mustHold(stripToPayload(packet).length === 12 + packet.payload.length, 'a stripped packet is head and payload');
      return 'taken';
    };
  },
};

const rtcp: Kind = {
  name: 'RTCP compounds',
  throws: never,
  open: () => {
    const seeds = rtcpCompounds(1, 2);
    const hearing = new Hearing();
    return (mutator) => {
      const bytes = mutator.bytes(seeds);
      const packets = parseRtcp(bytes);
      mustHold(packets.length <= 64, 'at most 64 packets are read');
      for (const packet of packets) {
        if (packet.type === 'nack') mustHold(packet.lost.length <= bytes.length * 5, 'NACKs grow with their bytes');
        if (packet.type === 'transport-feedback') mustHold(packet.arrivals.length <= 2048, 'feedback has 2048 entries');
      }
      hearing.onRtcp(Buffer.from(bytes));
      return packets.length === 0 ? 'refused' : 'taken';
    };
  },
};

const depacketizers = CODECS.map((codec): Kind => ({
  name: `depacketizer of ${codec}`,
  throws: never,
  open: () => {
    const frames = payloads(codec);
    const seeds = frames.flat();
    const depacketizer = createDepacketizer(codec);
    return (mutator) => {
      const frame = mutator.pick(frames);
      const hit = mutator.random.below(frame.length);
      const given = frame.map((payload, at) => (at === hit ? mutator.bytes(seeds) : payload));
      const whole = given.filter(({ length }) => length > 0);
      for (const payload of whole) depacketizer.beginsKeyframe(payload);
      const assembled = depacketizer.assemble(whole);
      const bytes = whole.reduce((sum, { length }) => sum + length, 0);
      // Start codes and sizes of units; an index of layers; parameter sets that came before.
      const most = 8 * bytes + KEPT_SETS;
      mustHold(assembled.kind !== 'frame' || assembled.data.length <= most, 'a frame is about what came for it');
      return assembled.kind === 'frame' ? 'taken' : assembled.kind;
    };
  },
}));

/** The next packet of a source that goes on, or a hostile one made of what it just sent. */
function interspersed(stream: RunningStream): (mutator: Mutator) => Uint8Array {
  const recent: Uint8Array[] = [stream.next()];
  return (mutator) => {
    if (mutator.chance(0.5)) return mutator.bytes([...recent, ...recent.map(resend)]);
    const packet = stream.next();
    if (recent.push(packet) > 8) recent.shift();
    return packet;
  };
}

const receiver: Kind = {
  name: 'video receiver: order, frames, resends',
  throws: never,
  open: () => {
    const next = interspersed(new RunningStream(CODECS, 0x1000));
    const line = new VideoReceiver({
      receive: [
        ...CODECS.map((name) => ({ name, payloadType: TYPES[name], parameters: '' })),
        { name: 'rtx', payloadType: RESENT, parameters: '', associated: TYPES.vp8 },
      ],
      extensions: EXTENSIONS,
      senderSsrc: 1,
    });
    let now = 0;
    return (mutator) => {
      now += mutator.random.below(4);
      const received = line.push(next(mutator), now);
      const polled = now >= line.nextAt ? line.poll(now) : { chunks: [], feedback: [] };
      const chunks = received.chunks.length + polled.chunks.length;
      mustHold(chunks <= 2048, 'chunks are bounded by the ring');
      for (const packet of [...received.feedback, ...polled.feedback]) {
        if (packet.type === 'nack') mustHold(packet.lost.length <= 2048, 'only what the ring holds is asked for');
      }
      return chunks > 0 ? 'taken' : 'nothing yet';
    };
  },
};

/** A whole session's I/O half: whatever its peer sends inside valid SRTP, it goes on. */
const session: Kind = {
  name: 'session of an authenticated peer',
  throws: never,
  open: async () => {
    const call = await openCall();
    const next = interspersed(new RunningStream(['vp8'], PEER.video));
    const compounds = rtcpCompounds(0x3000, PEER.video);
    return async (mutator) => {
      const { transport } = call;
      const arrived = monotonic.now();
      if (mutator.chance(0.7)) transport.events.onRtp({ data: Buffer.from(next(mutator)), arrived });
      else transport.events.onRtcp({ data: Buffer.from(mutator.bytes(compounds)), arrived });
      // The pixel half answers, so that there is something to report on and to resend; and now and then a timer rings.
      const { chunks } = call;
      for (const chunk of chunks) call.echo(chunk);
      if (chunks.length > 0) call.pixel({ type: 'credit', session: 'one', count: chunks.length });
      call.toPixel.length = transport.rtp.length = transport.rtcp.length = 0;
      if (mutator.chance(0.02)) await new Promise(setImmediate);
      mustHold(call.failures.length === 0 && transport.state !== 'closed', `the session goes on: ${call.failures}`);
      return chunks.length > 0 ? 'taken' : 'nothing yet';
    };
  },
};

export const RTP_KINDS: readonly Kind[] = [rtp, rtcp, ...depacketizers, receiver, session];

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeTransport, openCall, PEER, VIDEO, type FakeCall } from '../../../../test/peer/fake-call.ts';
import type { EncodedChunk } from '../../../codec/codec.ts';
import { GatewayError } from '../../../errors.ts';
import type { TemporalPlace } from '../../../media/chunk.ts';
import type { RtcpPacket } from '../../../rtp/rtcp/rtcp-packet.ts';
import type { Clock } from '../../../time.ts';
import { Viewer } from './viewer.ts';

const PATTERN: readonly TemporalPlace[] = [
  { layer: 0, sync: false, referenced: true },
  { layer: 2, sync: true, referenced: false },
  { layer: 1, sync: true, referenced: true },
  { layer: 2, sync: false, referenced: false },
];

let call: FakeCall;
let now: number;
const clock: Clock = { now: () => now };
const viewers: Viewer[] = [];

beforeEach(async () => {
  now = 100_000;
  call = await openCall();
});
afterEach(() => {
  for (const viewer of viewers.splice(0)) viewer.close();
  call.session.close();
});

/** A viewer of the call, and what it is sent. */
async function watch(): Promise<{ viewer: Viewer; transport: FakeTransport; states: string[] }> {
  let transport: FakeTransport | undefined;
  const states: string[] = [];
  const viewer = new Viewer({
    watched: call.session.watched,
    clock,
    createTransport: (events) => (transport = new FakeTransport(events)),
    onState: (state) => states.push(state),
    onFailed: (code) => states.push(code),
  });
  viewers.push(viewer);
  await viewer.answer('offer');
  return { viewer, transport: transport!, states };
}

/** The session encodes pictures of `size` bytes for so long, 30 a second. */
function encode(duration: number, size: number, first: 'keyframe' | 'delta' = 'delta'): void {
  for (let frame = 0; frame * 33.3 < duration; frame++, now += 33.3) {
    const keyframe = first === 'keyframe' && frame === 0;
    const temporal = PATTERN[frame % 4]!;
    const chunk: EncodedChunk = {
      codec: 'vp8',
      data: new Uint8Array(size),
      timestamp: Math.round(now * 90),
      keyframe,
      temporal,
    };
    call.pixel({ type: 'chunk', session: 'one', chunk, outcome: 'swapped', decodable: now, deadline: now + 66 });
  }
}

const keyframesAsked = (): number => call.count('keyframe');
/** The receiver says that it takes so many bits a second. */
const takes = (bitsPerSecond: number): RtcpPacket => ({
  type: 'bitrate-estimate',
  senderSsrc: PEER.video,
  bitsPerSecond,
  ssrcs: [0x3000],
});
/** Pictures among the packets: each ends with a marker. */
const pictures = ({ rtp }: FakeTransport): number =>
  rtp.filter((packet) => ((packet[1] ?? 0) & 0x80) !== 0 && packet[11] === 0).length;

describe('viewers of a session', () => {
  it('are sent what is encoded from the first keyframe on, each as its own source', async () => {
    const [one, other] = [await watch(), await watch()];
    encode(300, 1000);
    expect([pictures(one.transport), pictures(other.transport)]).toEqual([0, 0]);
    encode(990, 1000, 'keyframe');
    expect([pictures(one.transport), pictures(other.transport)]).toEqual([30, 30]);
  });

  it('hear the sound of the session', async () => {
    const { transport } = await watch();
    call.transport.sound(1);
    call.transport.sound(2);
    const sound = transport.rtp.filter((packet) => Buffer.from(packet).readUInt32BE(8) === 0x4000);
    expect(sound.map((packet) => packet.length)).toEqual([15, 15]);
  });

  it('ask for one keyframe together, and for another not before half a second', async () => {
    await watch();
    expect(keyframesAsked()).toBe(1);
    await Promise.all([watch(), watch(), watch()]);
    expect(keyframesAsked()).toBe(1);
  });

  it('with a slow way get fewer layers; the others get all', async () => {
    const [fast, slow] = [await watch(), await watch()];
    // 2,000 bytes × 30: 480 kbit/s, of which layer 0 has a quarter.
    encode(2000, 2000, 'keyframe');
    slow.transport.feedback(takes(200_000));
    const before = [pictures(fast.transport), pictures(slow.transport)] as const;
    encode(4000, 2000);
    expect(pictures(fast.transport) - before[0]).toBe(121);
    expect(pictures(slow.transport) - before[1]).toBeLessThan(40);
    expect(slow.viewer.thinned).toBeGreaterThan(80);
    expect(fast.viewer.thinned).toBe(0);
  });

  it('whose way carries not even the lowest layer wait for keyframes, which are made for them every 3 s at most', async () => {
    const { transport } = await watch();
    const asked = keyframesAsked();
    encode(1000, 12_000, 'keyframe');
    transport.feedback(takes(100_000));
    encode(9000, 12_000);
    expect(keyframesAsked() - asked).toBeLessThanOrEqual(4);
    expect(keyframesAsked() - asked).toBeGreaterThan(0);
  });

  it('end with the session, and without it ending: who leaves is sent nothing more', async () => {
    const [one, other] = [await watch(), await watch()];
    encode(300, 1000, 'keyframe');
    one.viewer.close();
    one.viewer.close();
    const sent = one.transport.rtp.length;
    encode(300, 1000);
    expect(one.transport.rtp).toHaveLength(sent);
    expect(one.transport.rtcp.some(({ type }) => type === 'bye')).toBe(true);
    expect(one.states).toEqual(['connected', 'closed']);
    call.session.close();
    expect(other.states).toEqual(['connected', 'closed']);
  });

  it('end with the session while they are still connecting', async () => {
    const { watched } = call.session;
    const states: string[] = [];
    const viewer = new Viewer({
      watched,
      clock,
      createTransport: (events) => new FakeTransport(events),
      onState: (state) => states.push(state),
      onFailed: (code) => states.push(code),
    });
    call.session.close();
    expect(states).toEqual(['closed']);
    await expect(viewer.answer('offer')).rejects.toThrow(GatewayError);
    const late: string[] = [];
    new Viewer({
      watched,
      clock,
      createTransport: (events) => new FakeTransport(events),
      onState: (state) => late.push(state),
      onFailed: (code) => late.push(code),
    });
    expect(late).toEqual(['closed']);
  });

  it('that fail are alone in it: the session and the others go on', async () => {
    const [broken, other] = [await watch(), await watch()];
    broken.transport.sendRtp = () => {
      throw new Error('no socket');
    };
    encode(990, 1000, 'keyframe');
    expect(broken.states).toEqual(['connected', 'session_failed', 'closed']);
    expect(pictures(other.transport)).toBe(30);
    expect(call.failures).toEqual([]);
  });

  it('must be able to decode what is encoded, and receive it', async () => {
    const wrong = async (video: typeof VIDEO): Promise<string> => {
      const viewer = new Viewer({
        watched: call.session.watched,
        clock,
        createTransport: (events) => Object.assign(new FakeTransport(events), { media: [video] }),
        onState: () => undefined,
        onFailed: () => undefined,
      });
      viewers.push(viewer);
      return viewer.answer('offer').then(
        () => 'taken',
        (error: unknown) => (error instanceof GatewayError ? error.code : String(error)),
      );
    };
    const h264 = { name: 'h264', payloadType: 102, clockRate: 90_000, parameters: '' };
    expect(await wrong({ ...VIDEO, send: { codec: h264, ssrc: 1 } })).toBe('no_codec');
    const { kind, mid, receive, extensions } = VIDEO;
    expect(await wrong({ kind, mid, receive, extensions })).toBe('no_video');
  });
});

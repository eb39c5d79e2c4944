/** Viewers of H.264, which has no layers to leave out: two encodings, made up; the real ones: test/rooms/narrow-viewer.test.ts. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeTransport, PEER, VIDEO } from '../../../../test/peer/fake-call.ts';
import type { EncodedChunk } from '../../../codec/codec.ts';
import { SourceClock } from '../../../rtp/source-clock.ts';
import { VIDEO_CLOCK } from '../../../time.ts';
import type { Encoding } from '../../pixel.ts';
import { Audience } from './audience.ts';
import { SmallDemand } from './small-demand.ts';
import { Viewer } from './viewer.ts';

const PARAMETERS = 'packetization-mode=1;profile-level-id=42e01f';
const CODEC = { name: 'h264', payloadType: 96, clockRate: 90_000, parameters: PARAMETERS };
const FRAME = 33.3;

let now: number;
let audience: Audience;
let demand: SmallDemand<Viewer>;
let asked: Encoding[];
/** Bits a second of the small encoding; null while there is none. */
let small: number | null;
const viewers: Viewer[] = [];

beforeEach(() => {
  [now, asked, small] = [100_000, [], null];
  audience = new Audience({ now: () => now }, (encoding) => asked.push(encoding));
  demand = new SmallDemand(2_000_000, (bitsPerSecond) => (small = bitsPerSecond));
});
afterEach(() => {
  for (const viewer of viewers.splice(0)) viewer.close();
  audience.close();
});

async function watch(): Promise<{ viewer: Viewer; transport: FakeTransport }> {
  // No wish for a keyframe has to wait for a timer.
  now += 1000;
  let transport: FakeTransport | undefined;
  const video = new SourceClock().timeline(VIDEO_CLOCK);
  const viewer = new Viewer({
    watched: {
      audience,
      small: demand,
      codec: 'h264',
      bitrate: 2_000_000,
      video,
      audio: undefined,
      soundType: undefined,
    },
    clock: { now: () => now },
    createTransport: (events) => {
      transport = new FakeTransport(events);
      transport.media = [{ ...VIDEO, send: { codec: CODEC, ssrc: 0x3000 } }];
      return transport;
    },
    onState: () => undefined,
    onFailed: (code) => expect.fail(code),
  });
  viewers.push(viewer);
  await viewer.answer('offer');
  return { viewer, transport: transport! };
}

/** Both encoders work for so long: each makes a keyframe when it is asked, the small one where it is needed. */
function encode(duration: number): void {
  let begun = small !== null;
  for (let passed = 0; passed < duration; passed += FRAME, now += FRAME) {
    // 6,000 bytes × 30: 1.4 Mbit/s.
    audience.chunk(chunk('main', 6000, take('main')), now, 'main');
    if (small !== null) audience.chunk(chunk('small', small / 240, take('small') || !begun), now, 'small');
    begun = small !== null;
  }
}

function take(encoding: Encoding): boolean {
  const wanted = asked.includes(encoding);
  asked = asked.filter((other) => other !== encoding);
  return wanted;
}

/** One NAL unit whose last byte tells the encoding. */
function chunk(encoding: Encoding, size: number, keyframe: boolean): EncodedChunk {
  const data = new Uint8Array(Math.round(size)).fill(1);
  data.set([0, 0, 0, 1, keyframe ? 0x65 : 0x41]);
  data[data.length - 1] = encoding === 'small' ? 2 : 1;
  return { codec: 'h264', data, timestamp: Math.round(now * 90), keyframe };
}

/** Pictures of each encoding since the last call: each ends with a marker. */
function pictures(transport: FakeTransport): Record<Encoding, number> {
  const last = transport.rtp.splice(0).filter((packet) => ((packet[1] ?? 0) & 0x80) !== 0);
  const isSmall = last.filter((packet) => packet.at(-1) === 2).length;
  return { main: last.length - isSmall, small: isSmall };
}

const takes = (transport: FakeTransport, bitsPerSecond: number): void =>
  transport.feedback({ type: 'bitrate-estimate', senderSsrc: PEER.video, bitsPerSecond, ssrcs: [0x3000] });

describe('a viewer whose way does not carry the main encoding', () => {
  it('gets the small one, and the others go on with the main one, without a keyframe of it', async () => {
    const [fast, slow] = [await watch(), await watch()];
    encode(2000);
    takes(slow.transport, 600_000);
    asked = [];
    pictures(fast.transport);
    pictures(slow.transport);
    // What had waited for its way leaves too.
    encode(6000);
    expect(small).toBe(510_000);
    pictures(slow.transport);
    encode(1000);
    expect(pictures(slow.transport)).toEqual({ main: 0, small: 31 });
    expect(pictures(fast.transport)).toEqual({ main: 212, small: 0 });
    expect(asked).not.toContain('main');
  });

  it('shares it with others, and it ends when nobody needs it any more', async () => {
    const [one, other] = [await watch(), await watch()];
    encode(2000);
    takes(one.transport, 600_000);
    takes(other.transport, 450_000);
    encode(3000);
    expect(small).toBe(382_500);
    takes(one.transport, 4_000_000);
    encode(6000);
    pictures(one.transport);
    pictures(other.transport);
    encode(1000);
    expect(pictures(one.transport)).toEqual({ main: 31, small: 0 });
    expect(pictures(other.transport)).toEqual({ main: 0, small: 31 });
    other.viewer.close();
    expect(small).toBeNull();
  });
});

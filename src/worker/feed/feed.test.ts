import { beforeEach, describe, expect, test } from 'vitest';
import type { EncodedChunk } from '../../codec/codec.ts';
import { SourceClock } from '../../rtp/source-clock.ts';
import { NtpClock } from '../../rtp/rtcp/ntp-clock.ts';
import { Audience, type Seen, type Spectator } from '../../session/io/viewers/audience.ts';
import { AUDIO_CLOCK, VIDEO_CLOCK } from '../../time.ts';
import type { OutgoingMessage } from '../wire/channel.ts';
import { fedChunkSchema, fedSoundSchema } from '../wire/feed-protocol.ts';
import { FedSession } from './fed-session.ts';
import { SessionFeed } from './session-feed.ts';

const SESSION = 'b'.repeat(32);
const KEYFRAME: EncodedChunk = {
  codec: 'vp8',
  data: Uint8Array.of(1, 2, 3),
  timestamp: 4_000_000_000,
  keyframe: true,
  temporal: { layer: 0, sync: false, referenced: true },
  captureTime: { high: 3_900_000_000, low: 1, clockOffset: -2.5 },
};
const DELTA: EncodedChunk = { codec: 'vp8', data: Uint8Array.of(4), timestamp: 4_000_003_000, keyframe: false };

class Watching implements Spectator {
  readonly chunks: EncodedChunk[] = [];
  readonly sounds: Seen[] = [];
  closed = false;
  chunk(chunk: EncodedChunk): void {
    this.chunks.push(chunk);
  }
  sound(seen: Seen): void {
    this.sounds.push(seen);
  }
  close(): void {
    this.closed = true;
  }
}

let now: number;
let room: boolean;
let wanted: number;
let audience: Audience;
let source: SourceClock;
let feed: SessionFeed;
let fed: FedSession;
let watching: Watching;

/** What crosses the wire is JSON and bytes. */
function cross({ type, body, payload }: OutgoingMessage): void {
  const arrived: unknown = JSON.parse(JSON.stringify(body));
  const data = Uint8Array.from(payload?.[0] ?? []);
  if (type === 'sound') return fed.sound({ data, arrived: fedSoundSchema.parse(arrived).arrived });
  const { session, decodable, clock, ...head } = fedChunkSchema.parse(arrived);
  expect([type, session]).toEqual(['chunk', SESSION]);
  fed.chunk({ ...head, data }, { decodable, clock });
}

beforeEach(() => {
  [now, room, wanted] = [1000, true, 0];
  const clock = { now: () => now };
  audience = new Audience(clock, () => wanted++);
  source = new SourceClock();
  const [video, audio] = [source.timeline(VIDEO_CLOCK), source.timeline(AUDIO_CLOCK)];
  const watched = { audience, codec: 'vp8', bitrate: 2e6, small: undefined, video, audio, soundType: 111 } as const;
  const notifyIfRoom = (message: OutgoingMessage): boolean => {
    if (room) cross(message);
    return room;
  };
  feed = new SessionFeed(SESSION, { watched, channel: { notifyIfRoom }, clock });
  fed = new FedSession(feed.options, { clock, onKeyframeWanted: () => undefined });
  watching = new Watching();
  fed.watched.audience.add(watching);
});

describe('a session that is watched from another media worker', () => {
  test('is there what it is here: chunks from a keyframe on, sound, codec, rate', () => {
    audience.chunk(DELTA, now);
    audience.chunk(KEYFRAME, now);
    audience.chunk(DELTA, now);
    audience.sound({ data: Uint8Array.of(9), arrived: 990 });
    expect(watching.chunks).toEqual([KEYFRAME, DELTA]);
    expect(watching.sounds).toEqual([{ data: Uint8Array.of(9), arrived: 990 }]);
    expect(fed.watched).toMatchObject({ codec: 'vp8', bitrate: 2e6, soundType: 111 });
  });

  test('has its media clocks there, and goes on with them between chunks', () => {
    const { video, audio } = fed.watched;
    expect([video.ticksAt(now), audio?.ticksAt(now), video.ntpAt(now)]).toEqual([undefined, undefined, undefined]);
    const theirs = new NtpClock(7e11);
    const told = source.timeline(VIDEO_CLOCK);
    told.onPacket(0, now);
    told.onSenderReport(theirs.at(now), 0, now);
    audience.chunk(KEYFRAME, now);
    now += 500;
    expect(video.ntpAt(now)).toBeCloseTo(told.ntpAt(now)!, 6);
    // Of the line itself nothing has come yet.
    expect(video.ticksAt(now)).toBeUndefined();
  });

  test('loses what the wire has no room for up to the next keyframe, which is asked for', () => {
    audience.chunk(KEYFRAME, now);
    room = false;
    audience.chunk(DELTA, now);
    room = true;
    audience.chunk(DELTA, now);
    expect([watching.chunks.length, wanted]).toEqual([1, 1]);
    audience.chunk(KEYFRAME, now);
    audience.chunk(DELTA, now);
    expect(watching.chunks).toHaveLength(3);
  });

  test('is not told of any more once nobody watches from there', () => {
    feed.close();
    audience.chunk(KEYFRAME, now);
    expect(watching.chunks).toEqual([]);
    fed.close();
    expect(watching.closed).toBe(true);
  });
});

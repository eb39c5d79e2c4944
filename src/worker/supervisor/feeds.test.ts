import { beforeEach, describe, expect, test } from 'vitest';
import { GatewayError } from '../../errors.ts';
import type { OutgoingMessage, WireReply } from '../wire/channel.ts';
import type { FedChunk } from '../wire/feed-protocol.ts';
import { Feeds, type FeedWorker } from './feeds.ts';

const SESSION = 'a'.repeat(32);
const OPTIONS = { codec: 'vp8', bitrate: 2_500_000, soundType: null };

/** A worker's wire: what is said to it is kept. */
class Wire implements FeedWorker {
  readonly said: OutgoingMessage[] = [];
  room = true;
  answer: () => Promise<WireReply> = () => Promise.resolve({ body: OPTIONS, payload: new Uint8Array(0) });

  request(message: OutgoingMessage): Promise<WireReply> {
    this.said.push(message);
    return this.answer();
  }

  notify(message: OutgoingMessage): void {
    this.said.push(message);
  }

  notifyIfRoom(message: OutgoingMessage): boolean {
    if (this.room) this.said.push(message);
    return this.room;
  }

  count(type: string): number {
    return this.said.filter((message) => message.type === type).length;
  }
}

let now: number;
let feeds: Feeds;
let home: Wire;
let to: Wire;
beforeEach(() => {
  now = 0;
  feeds = new Feeds({ now: () => now });
  [home, to] = [new Wire(), new Wire()];
});

const join = (viewer: string, worker: FeedWorker = to): Promise<void> =>
  feeds.join(SESSION, viewer, { home, to: worker });

/** The session encodes a chunk. */
function chunk(keyframe = false, from: FeedWorker = home): boolean {
  now += 33;
  const clock = { at: now, video: 3000, audio: null, ntp: null };
  const body: FedChunk = { session: SESSION, codec: 'vp8', timestamp: 1, keyframe, decodable: now, clock };
  return feeds.take(from, { type: 'chunk', body, payload: Uint8Array.of(7) });
}

const taken = (worker: FeedWorker = to): boolean =>
  feeds.take(worker, { type: 'taken', body: { session: SESSION }, payload: new Uint8Array(0) });

describe('the ways to viewers in other workers', () => {
  test('are opened once a worker, and closed with the last viewer there', async () => {
    await Promise.all([join('one'), join('two')]);
    expect([home.count('feed'), to.count('fed')]).toEqual([1, 1]);
    feeds.left('one');
    expect([to.count('unfed'), home.count('unfeed')]).toEqual([0, 0]);
    feeds.left('two');
    expect([to.count('unfed'), home.count('unfeed')]).toEqual([1, 1]);
    chunk(true);
    expect(to.count('chunk')).toBe(0);
  });

  test('carry each chunk once to each worker, from the first keyframe on, and sound', async () => {
    const other = new Wire();
    await Promise.all([join('one'), join('two'), join('three', other)]);
    for (const keyframe of [false, true, false]) expect(chunk(keyframe)).toBe(true);
    expect([to.count('chunk'), other.count('chunk')]).toEqual([2, 2]);
    expect(to.said.at(-1)?.payload).toEqual([Uint8Array.of(7)]);
    feeds.take(home, { type: 'sound', body: { session: SESSION, arrived: 5 }, payload: Uint8Array.of(1) });
    expect([to.count('sound'), other.count('sound')]).toEqual([1, 1]);
  });

  test('drop what a worker does not take, up to a keyframe that is made for it; the others get all', async () => {
    const other = new Wire();
    await Promise.all([join('one'), join('two', other)]);
    for (let index = 0; index < 200; index++) {
      chunk(index === 0);
      taken(other);
    }
    expect([to.count('chunk'), other.count('chunk')]).toEqual([30, 200]);
    expect(feeds.dropped).toBe(1);
    // It is still slow: nobody is made to encode for it.
    expect(home.count('keyframe')).toBe(0);
    for (let index = 0; index < 30; index++) taken();
    chunk();
    chunk();
    expect(home.count('keyframe')).toBe(1);
    expect(to.count('chunk')).toBe(30);
    chunk(true);
    chunk();
    expect(to.count('chunk')).toBe(32);
  });

  test('without room on the wire drop too', async () => {
    await join('one');
    to.room = false;
    chunk(true);
    to.room = true;
    chunk();
    expect([to.count('chunk'), feeds.dropped]).toEqual([0, 1]);
  });

  test('bring wishes for keyframes back', async () => {
    await join('one');
    const wish = { type: 'want-keyframe', body: { session: SESSION }, payload: new Uint8Array(0) };
    expect(feeds.take(to, wish)).toBe(true);
    expect(home.said.at(-1)).toEqual({ type: 'keyframe', body: { session: SESSION } });
  });

  test('end with the session, also with one that ends while they are opened', async () => {
    await join('one');
    feeds.left(SESSION);
    expect(to.count('unfed')).toBe(1);
    const late = join('two');
    feeds.left(SESSION);
    await expect(late).rejects.toThrow(GatewayError);
    expect(to.count('fed')).toBe(1);
  });

  test('are given up where a worker refuses, and opened anew for who comes next', async () => {
    to.answer = () => Promise.reject(new GatewayError('worker_lost', 'gone'));
    await expect(join('one')).rejects.toThrow('gone');
    expect(home.count('unfeed')).toBe(1);
    to.answer = () => Promise.resolve({ body: {}, payload: new Uint8Array(0) });
    await join('one');
    expect([home.count('feed'), to.count('fed')]).toEqual([2, 2]);
  });

  test('do not take a worker’s word for a session that is not its own, and call garbage what is none of theirs', async () => {
    await join('one');
    expect(chunk(true, to)).toBe(true);
    expect(to.count('chunk')).toBe(0);
    expect(feeds.take(home, { type: 'chunk', body: { session: SESSION }, payload: new Uint8Array(0) })).toBe(false);
    expect(feeds.take(home, { type: 'sound', body: 1, payload: new Uint8Array(0) })).toBe(false);
    expect(feeds.take(to, { type: 'taken', body: {}, payload: new Uint8Array(0) })).toBe(false);
  });
});

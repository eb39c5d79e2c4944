import { monotonic, type Milli } from '../../../src/time.ts';
import type { Clip } from '../../media/clip.ts';
import type { Random } from '../../media/random.ts';
import { Signalling } from '../client/signalling.ts';
import { paceStreams, Stream } from '../client/stream.ts';
import { Whip } from '../client/whip.ts';

/** A wait longer than this is a hang. */
const LIMIT: Milli = 60_000;
/** Nothing here is asked to be fast. */
const BUDGET: Milli = 500;
/** Pictures that come back before and after each change. */
const ENOUGH = 3;

export interface Place {
  /** The gateway's. */
  readonly url: string;
  readonly clip: Clip;
  readonly random: Random;
  /** Whom to wear, one after the other. */
  readonly identities: readonly string[];
  /** The transport can restart ICE. */
  readonly restart: boolean;
}

/** What closes a call: a goodbye, or the network. */
export type CallEnd = 'bye' | 'cut';
/** Who of a room leaves first: who is left is closed by the gateway or leaves too. */
export type RoomEnd = 'publisher' | 'viewer';

/** A caller comes, changes identity and look, negotiates again, restarts ICE, and goes. */
export async function visitCall({ url, clip, random, identities, restart }: Place, end: CallEnd): Promise<void> {
  const [first, second] = twoOf(identities, random);
  const signalling = await Signalling.open(url, { identity: first, budget: BUDGET, codec: clip.codec });
  const stream = new Stream(clip, signalling, random, { keep: false });
  await stream.connect();
  const pacing = pace(stream, clip);
  await morePictures(stream);
  signalling.send({ type: 'change', identity: second, look: { opacity: 0.5 + random.next() / 2 } });
  await signalling.next('changed');
  await stream.renegotiate({ restart: false });
  if (restart) await stream.renegotiate({ restart: true });
  await morePictures(stream);
  pacing.stop();
  if (end === 'cut') signalling.cut();
  await stream.close();
}

/** Somebody publishes, somebody watches; both restart ICE; the identity changes; both go. */
export async function visitRoom(place: Place, end: RoomEnd): Promise<void> {
  const { url, clip, random, identities, restart } = place;
  const [first, second] = twoOf(identities, random);
  const room = `room-${random.below(1e9)}`;
  const publisher = new Stream(clip, new Whip(`${url}/whip/${room}?identity=${first}`), random, { keep: false });
  await publisher.connect();
  const pacing = pace(publisher, clip);
  const viewer = await watch(place, room);
  await morePictures(viewer);
  await changeRoom(url, room, second);
  if (restart) for (const stream of [publisher, viewer]) await stream.renegotiate({ restart: true });
  await morePictures(viewer);
  pacing.stop();
  for (const stream of end === 'publisher' ? [publisher, viewer] : [viewer, publisher]) await stream.close();
}

/** A viewer of a room, which is there as soon as its publisher has been answered. */
export async function watch({ url, clip, random }: Place, room: string): Promise<Stream> {
  const viewer = new Stream(clip, new Whip(`${url}/whep/${room}`), random, { keep: false, direction: 'recvonly' });
  await viewer.connect();
  return viewer;
}

export async function changeRoom(url: string, room: string, identity: string): Promise<void> {
  const body = JSON.stringify({ identity, look: { opacity: 1 } });
  const response = await fetch(`${url}/v1/rooms/${room}`, { method: 'PATCH', body });
  const text = await response.text();
  if (response.status !== 200) throw new Error(`the room must change [${response.status}] ${text}`);
}

/** Sends the clip over and over. */
export function pace(stream: Stream, { frameRate }: Clip, phase = 0): { stop: () => void } {
  return paceStreams([{ sendFrame: () => stream.sendFrame(), phase, frameRate }]);
}

/** Waits until some more pictures have come. */
export async function morePictures({ returned }: Stream): Promise<void> {
  const wanted = returned.length + ENOUGH;
  const limit = monotonic.now() + LIMIT;
  while (returned.length < wanted) {
    if (monotonic.now() > limit) throw new Error(`pictures must come [returned:${returned.length}]`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Two different identities. */
export function twoOf(identities: readonly string[], random: Random): [string, string] {
  const at = random.below(identities.length);
  const step = 1 + random.below(identities.length - 1);
  return [identities[at]!, identities[(at + step) % identities.length]!];
}

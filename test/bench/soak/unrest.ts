import { monotonic, type Milli } from '../../../src/time.ts';
import type { Random } from '../../media/random.ts';
import type { Signalling } from '../client/signalling.ts';
import { Stream } from '../client/stream.ts';
import { Whip } from '../client/whip.ts';
import { changeRoom, morePictures, pace, twoOf, visitCall, watch, type Place } from './visit.ts';

const ROOM = 'lasting';
/** Viewers that may be there at a time. */
const MOST_VIEWERS = 4;
/** Between two events, 1 to 4 s. */
const LEAST_PAUSE: Milli = 1000;
const PAUSE_SPREAD: Milli = 3000;

/** A call that goes on through everything. */
export interface LastingCall {
  readonly signalling: Signalling;
  readonly stream: Stream;
}

/**
 * What makes a gateway restless: beside a call a room, viewers who join and leave, callers who pass by, new identities and
 * looks, offers, ICE restarts, every few seconds one of them. After each of them pictures must still come.
 */
export class Unrest {
  readonly #place: Place;
  readonly #call: LastingCall;
  readonly #publisher: Stream;
  readonly #pacing: { stop: () => void };
  /** The first stays; the others come and go. */
  readonly #viewers: Stream[] = [];
  readonly #counts: Record<string, number> = {};

  private constructor(place: Place, call: LastingCall, publisher: Stream) {
    this.#place = place;
    this.#call = call;
    this.#publisher = publisher;
    this.#pacing = pace(publisher, place.clip);
  }

  static async open(place: Place, call: LastingCall): Promise<Unrest> {
    const { url, clip, random, identities } = place;
    const door = new Whip(`${url}/whip/${ROOM}?identity=${identities[0]}`);
    const publisher = new Stream(clip, door, random, { keep: false });
    await publisher.connect();
    const unrest = new Unrest(place, call, publisher);
    await unrest.#join();
    return unrest;
  }

  /** What has happened so far, by name. */
  get counts(): Readonly<Record<string, number>> {
    return { ...this.#counts };
  }

  /** One thing after another for so long; then all who only came by have left. */
  async stir(duration: Milli): Promise<void> {
    const end = monotonic.now() + duration;
    const { random } = this.#place;
    for (;;) {
      const pause = LEAST_PAUSE + random.below(PAUSE_SPREAD);
      if (monotonic.now() + pause > end) break;
      await new Promise((resolve) => setTimeout(resolve, pause));
      await this.#happen(random);
    }
    while (this.#viewers.length > 1) await this.#leave(this.#viewers.length - 1);
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, end - monotonic.now())));
  }

  async close(): Promise<void> {
    this.#pacing.stop();
    for (const stream of [...this.#viewers, this.#publisher]) await stream.close();
  }

  async #happen(random: Random): Promise<void> {
    const events = this.#events();
    const names = Object.keys(events);
    const name = names[random.below(names.length)]!;
    await events[name]!();
    this.#counts[name] = (this.#counts[name] ?? 0) + 1;
    await morePictures(this.#call.stream);
    await morePictures(this.#viewers[0]!);
  }

  /** What can happen now. */
  #events(): Record<string, () => Promise<void>> {
    const { url, random, identities, restart } = this.#place;
    const { signalling, stream } = this.#call;
    const [identity] = twoOf(identities, random);
    const guests = this.#viewers.length - 1;
    return {
      changeCall: async () => {
        signalling.send({ type: 'change', identity, look: { opacity: 0.5 + random.next() / 2 } });
        await signalling.next('changed');
      },
      changeRoom: () => changeRoom(url, ROOM, identity),
      offer: () => stream.renegotiate({ restart: false }),
      passBy: () => visitCall(this.#place, random.below(2) === 0 ? 'bye' : 'cut'),
      ...(guests < MOST_VIEWERS && { join: () => this.#join() }),
      ...(guests > 0 && { leave: () => this.#leave(1 + random.below(guests)) }),
      ...(restart && {
        restartCall: () => stream.renegotiate({ restart: true }),
        restartPublisher: () => this.#publisher.renegotiate({ restart: true }),
        restartViewer: () => this.#viewers[0]!.renegotiate({ restart: true }),
      }),
    };
  }

  async #join(): Promise<void> {
    const viewer = await watch(this.#place, ROOM);
    this.#viewers.push(viewer);
    await morePictures(viewer);
  }

  async #leave(index: number): Promise<void> {
    const [viewer] = this.#viewers.splice(index, 1);
    await viewer?.close();
  }
}

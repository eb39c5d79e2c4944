import { GatewayError } from '../../errors.ts';
import type { Clock, Milli } from '../../time.ts';
import type { OutgoingMessage, WireMessage, WireReply } from '../wire/channel.ts';
import { fedChunkSchema, fedSessionSchema, fedSoundSchema } from '../wire/feed-protocol.ts';
import { sessionOnlySchema } from '../wire/protocol.ts';

/** Chunks that may be on their way to a worker without having been taken: a second of them. */
const CREDITS = 30;
/** A worker that was too slow gets nothing before the next keyframe; on its account one is made at most this often. */
const SLOW_INTERVAL: Milli = 3000;
const OPEN_LIMIT: Milli = 10_000;

/** What a feed needs of a media worker. */
export interface FeedWorker {
  request(message: OutgoingMessage, options: { readonly timeout: Milli }): Promise<WireReply>;
  notify(message: OutgoingMessage): void;
  notifyIfRoom(message: OutgoingMessage): boolean;
}

/** A worker in which somebody watches a session of another. */
interface Target {
  readonly viewers: Set<string>;
  opened: Promise<void> | undefined;
  credits: number;
  awaitsKeyframe: boolean;
  askedAt: Milli;
}

interface Feed {
  readonly home: FeedWorker;
  readonly targets: Map<FeedWorker, Target>;
}

/**
 * The ways from sessions to viewers in other media workers. The gateway passes each chunk on once a worker, unread; a
 * worker that does not take them in time misses some, up to the next keyframe, and the session never waits for it.
 */
export class Feeds {
  readonly #clock: Clock;
  readonly #feeds = new Map<string, Feed>();
  #dropped = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Chunks that some worker was too slow for. */
  get dropped(): number {
    return this.#dropped;
  }

  /**
   * Lets a viewer in `to` watch a session of `home`; settles when it can be opened there. Whoever joins leaves again.
   * @throws GatewayError session_unknown, worker_lost
   */
  async join(
    session: string,
    viewer: string,
    way: { readonly home: FeedWorker; readonly to: FeedWorker },
  ): Promise<void> {
    const { home, to } = way;
    const feed = this.#feeds.get(session) ?? { home, targets: new Map<FeedWorker, Target>() };
    this.#feeds.set(session, feed);
    const target = feed.targets.get(to) ?? newTarget();
    feed.targets.set(to, target);
    target.viewers.add(viewer);
    target.opened ??= this.#open(session, way, target);
    try {
      await target.opened;
    } catch (error) {
      this.left(viewer);
      throw error;
    }
  }

  /** A session or a viewer is over. */
  left(id: string): void {
    const own = this.#feeds.get(id);
    if (own !== undefined) {
      this.#feeds.delete(id);
      for (const to of own.targets.keys()) to.notify({ type: 'unfed', body: { session: id } });
      return;
    }
    for (const [session, feed] of this.#feeds) this.#leave(session, feed, id);
  }

  /** A notice of a worker. @returns false if it is garbage */
  take(from: FeedWorker, { type, body, payload }: WireMessage): boolean {
    switch (type) {
      case 'chunk': {
        const chunk = fedChunkSchema.safeParse(body);
        if (chunk.success) this.#relay(from, chunk.data, { type, body: chunk.data, payload: [payload] });
        return chunk.success;
      }
      case 'sound': {
        const sound = fedSoundSchema.safeParse(body);
        if (!sound.success) return false;
        const feed = this.#feeds.get(sound.data.session);
        if (feed?.home !== from) return true;
        for (const to of feed.targets.keys()) to.notifyIfRoom({ type, body: sound.data, payload: [payload] });
        return true;
      }
      case 'taken':
      case 'want-keyframe': {
        const only = sessionOnlySchema.safeParse(body);
        if (!only.success) return false;
        const feed = this.#feeds.get(only.data.session);
        const target = feed?.targets.get(from);
        // It may cross the end of its feed.
        if (feed === undefined || target === undefined) return true;
        if (type === 'taken') target.credits = Math.min(CREDITS, target.credits + 1);
        else askForKeyframe(feed, only.data.session);
        return true;
      }
      default:
        return false;
    }
  }

  async #open(
    session: string,
    { home, to }: { readonly home: FeedWorker; readonly to: FeedWorker },
    target: Target,
  ): Promise<void> {
    const { body } = await home.request({ type: 'feed', body: { session } }, { timeout: OPEN_LIMIT });
    const options = fedSessionSchema.parse(body);
    // What is over by now must not be opened there: nobody would close it.
    if (this.#feeds.get(session)?.targets.get(to) !== target) {
      throw new GatewayError('session_unknown', 'the session that is watched must be there');
    }
    await to.request({ type: 'fed', body: { session, ...options } }, { timeout: OPEN_LIMIT });
  }

  #relay(
    from: FeedWorker,
    { session, keyframe }: { readonly session: string; readonly keyframe: boolean },
    message: OutgoingMessage,
  ): void {
    const feed = this.#feeds.get(session);
    if (feed?.home !== from) return;
    for (const [to, target] of feed.targets) {
      if (target.awaitsKeyframe && !keyframe) this.#askAgain(feed, session, target);
      else if (target.credits > 0 && to.notifyIfRoom(message)) {
        target.credits--;
        target.awaitsKeyframe = false;
      } else {
        this.#dropped++;
        target.awaitsKeyframe = true;
        target.askedAt = this.#clock.now();
      }
    }
  }

  /** It has missed chunks, and takes them again. */
  #askAgain(feed: Feed, session: string, target: Target): void {
    const now = this.#clock.now();
    if (target.credits < CREDITS / 2 || now - target.askedAt < SLOW_INTERVAL) return;
    target.askedAt = now;
    askForKeyframe(feed, session);
  }

  #leave(session: string, feed: Feed, viewer: string): void {
    for (const [to, { viewers }] of feed.targets) {
      if (!viewers.delete(viewer) || viewers.size > 0) continue;
      feed.targets.delete(to);
      to.notify({ type: 'unfed', body: { session } });
    }
    if (feed.targets.size > 0) return;
    this.#feeds.delete(session);
    feed.home.notify({ type: 'unfeed', body: { session } });
  }
}

function newTarget(): Target {
  return { viewers: new Set(), opened: undefined, credits: CREDITS, awaitsKeyframe: true, askedAt: -Infinity };
}

/** The session's audience there asks its encoder at most each 500 ms, whoever wants one. */
function askForKeyframe({ home }: Feed, session: string): void {
  home.notify({ type: 'keyframe', body: { session } });
}

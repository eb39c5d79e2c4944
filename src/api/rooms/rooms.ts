import { GatewayError } from '../../errors.ts';
import type { Clock } from '../../time.ts';
import type { RemoteSession, SessionEvents } from '../../worker/supervisor/remote-session.ts';
import type { ChosenCast, ChosenIdentity } from '../../worker/wire/cast-bytes.ts';
import type { Supervisor } from '../../worker/supervisor/supervisor.ts';
import { lookSchema, type SessionFigures, type SessionSettings } from '../../worker/wire/protocol.ts';
import type { Metrics } from '../http/metrics.ts';
import { withLook, type Look } from '../choices/choices.ts';
import type { WearerChoice } from '../messages.ts';
import { RoomMemory, type Publisher } from './room-memory.ts';

/** Viewers of all rooms together, and of one. */
const MAXIMUM_VIEWERS = 512;
const MAXIMUM_IN_ROOM = 256;

/** A session that WHIP has opened, or a viewer that WHEP has: what their URLs stand for. */
export interface Resource {
  readonly kind: 'whip' | 'whep';
  readonly room: string;
  readonly session: RemoteSession;
  /** ICE generation: 1, one more with each restart. */
  generation: number;
}

/** Who is swapped in a room, and how. */
interface Publication extends Resource {
  readonly publisher: Publisher;
  settings: SessionSettings;
  identity: string | null;
  wearers: readonly WearerChoice[];
  figures: SessionFigures | undefined;
}

export interface RoomsOptions {
  readonly supervisor: Pick<Supervisor, 'openSession' | 'openViewer'>;
  readonly metrics: Metrics;
  readonly clock: Clock;
}

/** Who publishes, and how. */
export interface Publishing {
  readonly publisher: Publisher;
  readonly settings: SessionSettings;
  readonly identity: string | null;
  readonly wearers: readonly WearerChoice[];
  /** The same. */
  readonly chosen: ChosenCast & { readonly identity: ChosenIdentity };
}

/** What is changed of who is worn: as it was asked for, and the same as it was found. */
export interface RoomChange {
  readonly identity?: string | null | undefined;
  readonly wearers?: readonly WearerChoice[] | undefined;
  readonly chosen: ChosenCast;
}

/** How a room is, for who may see it. */
export interface RoomState {
  readonly identity: string | null;
  /** Who besides wears somebody of their own. */
  readonly wearers: readonly WearerChoice[];
  /** What swaps the face. */
  readonly swap: string;
  readonly viewers: number;
  /** Of the last second; `undefined` before the first. */
  readonly figures: SessionFigures | undefined;
}

/** Sessions by the name of their room: one who publishes, any number who watch. Owns the sessions. */
export class Rooms {
  readonly #options: RoomsOptions;
  readonly #resources = new Map<string, Resource>();
  readonly #publications = new Map<string, Publication>();
  /** What publishers wore who may come back. */
  readonly memory: RoomMemory;
  /** Rooms whose publisher is just being opened. */
  readonly #opening = new Set<string>();
  /** Rooms of viewers that are just being opened. */
  readonly #coming: string[] = [];

  constructor(options: RoomsOptions) {
    this.#options = options;
    this.memory = new RoomMemory(options.clock);
  }

  /**
   * Opens a session in a room by its offer; gives the answer.
   * @throws GatewayError room_taken, capacity_full, worker_lost, offer_invalid, no_video, no_codec
   */
  async publish(
    room: string,
    offer: string,
    { publisher, settings, identity, wearers, chosen }: Publishing,
  ): Promise<{ readonly resource: Resource; readonly answer: string }> {
    if (this.#publications.has(room) || this.#opening.has(room)) {
      throw new GatewayError('room_taken', 'the room must have nobody who publishes; close that session first');
    }
    this.#opening.add(room);
    try {
      const opened = await this.#open('whip', room, (events) =>
        this.#options.supervisor.openSession(settings, { ...chosen, events }),
      );
      const publication: Publication = Object.assign(opened, {
        ...{ publisher, settings, identity, wearers },
        figures: undefined,
      });
      const answer = await this.#offer(publication, offer);
      if (!this.#resources.has(publication.session.id)) throw unknown();
      this.#publications.set(room, publication);
      this.#options.metrics.sessionOpened();
      return { resource: publication, answer };
    } finally {
      this.#opening.delete(room);
    }
  }

  /**
   * Opens a viewer of a room by its offer; gives the answer.
   * @throws GatewayError session_unknown if nobody publishes there, capacity_full, offer_invalid, no_video, no_codec
   */
  async watch(room: string, offer: string): Promise<{ readonly resource: Resource; readonly answer: string }> {
    const watched = this.#publication(room).session.id;
    const coming = this.#coming.filter((other) => other === room).length;
    const all = this.#resources.size - this.#publications.size + this.#coming.length;
    if (all >= MAXIMUM_VIEWERS || this.#viewersOf(room) + coming >= MAXIMUM_IN_ROOM) {
      throw new GatewayError('capacity_full', 'there must be fewer viewers; try again later');
    }
    this.#coming.push(room);
    let resource: Resource;
    try {
      resource = await this.#open('whep', room, (events) => this.#options.supervisor.openViewer(watched, events));
    } finally {
      this.#coming.splice(this.#coming.indexOf(room), 1);
    }
    return { resource, answer: await this.#offer(resource, offer) };
  }

  /** @throws GatewayError session_unknown */
  find(kind: Resource['kind'], room: string, id: string): Resource {
    const resource = this.#resources.get(id);
    if (resource === undefined || resource.kind !== kind || resource.room !== room) throw unknown();
    return resource;
  }

  /** @throws GatewayError session_unknown */
  state(room: string): RoomState {
    const { identity, wearers, figures, settings } = this.#publication(room);
    return { identity, wearers, swap: settings.swap, viewers: this.#viewersOf(room), figures };
  }

  /**
   * Puts another identity on, gives the parts of several faces out anew, or changes the look, live. What is left out stays.
   * @param choose given the settings with that look
   * @throws GatewayError session_unknown
   */
  async change(room: string, look: Look | undefined, choose: (settings: SessionSettings) => RoomChange): Promise<void> {
    const publication = this.#publication(room);
    const settings = withLook(publication.settings, look);
    const { identity, wearers, chosen } = choose(settings);
    await publication.session.change(settings, chosen);
    publication.settings = settings;
    if (identity !== undefined) publication.identity = identity;
    if (wearers !== undefined) publication.wearers = wearers;
  }

  /** Its owner ends it. */
  async leave(resource: Resource): Promise<void> {
    await this.end(resource);
    if (resource.kind === 'whip') this.memory.forget(resource.room);
  }

  async end(resource: Resource): Promise<void> {
    // Those who watch are gone with it before whoever asked is answered.
    const closed = resource.session.close();
    this.#forget(resource.session.id);
    await closed;
  }

  /** Idempotent. */
  async close(): Promise<void> {
    await Promise.allSettled([...this.#resources.values()].map((resource) => this.end(resource)));
  }

  async #open(
    kind: Resource['kind'],
    room: string,
    open: (events: SessionEvents) => Promise<RemoteSession>,
  ): Promise<Resource> {
    // Events come once there is an id, since the session is opened before its offer is answered.
    let id = '';
    const session = await open({
      onState: (state) => {
        if (state === 'closed') this.#forget(id);
      },
      onFace: () => undefined,
      onFigures: (figures) => this.#figures(room, figures),
      onEnd: (error) => {
        this.#options.metrics.sessionFailed(error.code);
        this.#forget(id);
      },
    });
    id = session.id;
    const resource: Resource = { kind, room, session, generation: 1 };
    this.#resources.set(id, resource);
    return resource;
  }

  async #offer(resource: Resource, offer: string): Promise<string> {
    try {
      return await resource.session.offer(offer);
    } catch (error) {
      await this.end(resource);
      throw error;
    }
  }

  #viewersOf(room: string): number {
    let viewers = 0;
    for (const resource of this.#resources.values()) if (resource.kind === 'whep' && resource.room === room) viewers++;
    return viewers;
  }

  #figures(room: string, figures: SessionFigures): void {
    this.#options.metrics.secondPassed(figures);
    const publication = this.#publications.get(room);
    if (publication !== undefined) publication.figures = figures;
  }

  #publication(room: string): Publication {
    const publication = this.#publications.get(room);
    if (publication === undefined) throw unknown();
    return publication;
  }

  #forget(id: string): void {
    const resource = this.#resources.get(id);
    if (resource === undefined) return;
    this.#resources.delete(id);
    const publication = this.#publications.get(resource.room);
    if (publication?.session.id === id) {
      const { publisher, identity, wearers, settings } = publication;
      this.#publications.delete(resource.room);
      this.memory.keep(resource.room, publisher, { identity, wearers, look: lookSchema.parse(settings) });
    }
    // Whoever is gone by himself is closed here too, so that its entry in the supervisor goes.
    void resource.session.close();
  }
}

function unknown(): GatewayError {
  return new GatewayError('session_unknown', 'the session must be there; it may have ended');
}

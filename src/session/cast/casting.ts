import type { Faces, TrackedFace } from '../../face/face.ts';
import { cosine } from '../../swap/neural/likeness.ts';
import type { PreparedIdentity } from '../../swap/swap.ts';
import type { Milli } from '../../time.ts';
import type { Part, Wearer } from './cast.ts';
import { Motion } from './motion.ts';
import { Questions } from './questions.ts';

/** Least cosine of a face in the picture to photos of the same person. */
const LIKE = 0.3;
/** A face that is lost behind another is waited for so long before it is taken to have left. */
const BEHIND: Milli = 3000;
/** How clearly courses must speak, as a share of a face's width. */
const CLEAR = 0.4;

/** Which wearer a followed face is. */
interface Binding {
  /** Left out: one of the others. */
  readonly wearer: Wearer | undefined;
  /** It stood in its place when places were given out, or was recognised, and has not been mixed up since. */
  readonly sure: boolean;
}

/** A face was lost where another one covers it. */
interface Crossing {
  readonly seen: number;
  readonly lost: number;
  readonly wearer: Wearer | undefined;
  readonly since: Milli;
}

/**
 * Whom each of a session's faces wears. A part is bound to a followed face once, by its place in the picture or by whom the
 * recogniser says it is, and goes with it; who comes takes the place that is free. Where two faces cross and one is lost behind
 * the other, the one that was followed keeps its part, and the one that comes out again gets its own back; that is sure only if their
 * courses agree, or the recogniser. While a binding is not sure its face is never left
 * alone.
 */
export class Casting {
  #wearers: readonly Wearer[] = [];
  #bindings = new Map<number, Binding>();
  /** What the recogniser made of followed faces. */
  #known = new Map<number, Float32Array>();
  /** By the wearer that is free, the track that had it. */
  #left = new Map<Wearer, number>();
  #motion = new Motion();
  #questions = new Questions();
  #crossing: Crossing | undefined;
  /** Somebody stands in each place: from now on they are bound. */
  #settled = false;

  /** Gives the parts out anew, from the next frame on. */
  choose(wearers: readonly Wearer[]): void {
    this.#wearers = wearers;
    this.#bindings.clear();
    this.#known.clear();
    this.#left.clear();
    this.#motion = new Motion();
    this.#questions = new Questions();
    this.#crossing = undefined;
    this.#settled = false;
  }

  /**
   * The part of each followed face, by its id. Frames must come in order.
   * @param everybody whom those wear for whom no part was chosen
   */
  assign(
    { tracked }: Pick<Faces, 'tracked'>,
    everybody: PreparedIdentity | null,
    at: Milli,
  ): ReadonlyMap<number, Part> {
    if (this.#wearers.length === 0) return new Map(tracked.map(({ id }) => [id, everybody]));
    this.#motion.update(tracked, at, this.#crossing?.seen);
    this.#lose(tracked, at);
    const fresh = tracked.filter(({ id }) => !this.#bindings.has(id));
    for (const { id } of fresh) this.#bindings.set(id, { wearer: undefined, sure: false });
    if (fresh.length > 0 && !this.#settled && this.#left.size === 0) this.#place(tracked);
    else for (const face of fresh) this.#join(face, tracked, at);
    if (this.#crossing && at - this.#crossing.since >= BEHIND) this.#crossing = undefined;
    return new Map(tracked.map(({ id }) => [id, this.#partOf(id, everybody)]));
  }

  /** A face whose embedding should be asked for now, if any; it counts as asked. */
  question(faces: readonly TrackedFace[], at: Milli): TrackedFace | undefined {
    if (!this.#wearers.some(({ likeness }) => likeness)) return undefined;
    const unknown = faces.filter(({ id }) => !this.#known.has(id) || this.#isMissed(id));
    return this.#questions.next(unknown, at);
  }

  /** What the recogniser made of a face; `undefined`: it could not say. */
  answer(id: number, embedding: Float32Array | undefined): void {
    if (!this.#questions.answered(id) || !this.#bindings.has(id)) return;
    if (embedding !== undefined) this.#known.set(id, embedding);
    this.#recognise();
  }

  /** Nobody was recognised in it, and somebody who could be is missing: it may have been a bad moment. */
  #isMissed(id: number): boolean {
    const bound = new Set([...this.#bindings.values()].map(({ wearer }) => wearer));
    return !this.#bindings.get(id)?.wearer?.likeness && this.#wearers.some((one) => one.likeness && !bound.has(one));
  }

  /** Binds who is most alike first. */
  #recognise(): void {
    const pairs = [...this.#known].flatMap(([id, embedding]) =>
      this.#wearers.flatMap((wearer) =>
        wearer.likeness ? [{ id, wearer, alike: cosine(wearer.likeness, embedding) }] : [],
      ),
    );
    const bound = new Map<number, Wearer>();
    for (const { id, wearer, alike } of pairs.sort((a, b) => b.alike - a.alike)) {
      if (alike < LIKE || bound.has(id) || [...bound.values()].includes(wearer)) continue;
      bound.set(id, wearer);
    }
    for (const id of this.#known.keys()) {
      const before = this.#bindings.get(id)!;
      const wearer = bound.get(id) ?? (before.wearer?.likeness ? undefined : before.wearer);
      this.#bindings.set(id, { wearer, sure: before.sure || wearer === undefined || bound.has(id) });
      if (this.#crossing?.seen === id) this.#crossing = undefined;
    }
  }

  #lose(tracked: readonly TrackedFace[], at: Milli): void {
    for (const [id, { wearer }] of this.#bindings) {
      if (tracked.some((face) => face.id === id)) continue;
      this.#bindings.delete(id);
      this.#known.delete(id);
      if (wearer) this.#left.set(wearer, id);
      const cover = tracked.find((face) => this.#bindings.has(face.id) && this.#motion.touch(face.id, id));
      if (this.#crossing?.seen === id) this.#crossing = undefined;
      if (cover === undefined) continue;
      this.#crossing = { seen: cover.id, lost: id, wearer, since: at };
      this.#doubt(cover.id);
    }
  }

  #doubt(id: number): void {
    this.#bindings.set(id, { ...this.#bindings.get(id)!, sure: false });
    this.#known.delete(id);
    this.#questions.renew(id);
  }

  /** Gives places out from left to right, as long as they were never all taken. */
  #place(tracked: readonly TrackedFace[]): void {
    const free = tracked.filter(({ id }) => !this.#bindings.get(id)?.wearer?.likeness);
    const recognised = this.#wearers.some(({ likeness }) => likeness);
    for (const { id } of free) this.#bindings.set(id, { wearer: undefined, sure: !recognised || this.#known.has(id) });
    const row = [...free].sort((a, b) => a.box.x + a.box.width / 2 - (b.box.x + b.box.width / 2));
    const places = this.#wearers.filter(({ position }) => position !== undefined);
    let taken = 0;
    for (const wearer of places) {
      const face = row.at(wearer.position! > 0 ? wearer.position! - 1 : wearer.position!);
      if (face === undefined || this.#bindings.get(face.id)?.wearer) continue;
      this.#bindings.set(face.id, { wearer, sure: true });
      taken++;
    }
    this.#settled = taken === places.length;
  }

  /** Somebody comes: who was lost behind another, or who takes the free place that is nearest. */
  #join(face: TrackedFace, tracked: readonly TrackedFace[], at: Milli): void {
    const seen = tracked.find(({ id }) => id === this.#crossing?.seen);
    if (this.#crossing && seen) return this.#part(this.#crossing, { seen, back: face }, at);
    const held = new Set([...this.#bindings.values()].map(({ wearer }) => wearer));
    const free = this.#wearers.filter((wearer) => wearer.position !== undefined && !held.has(wearer));
    const recognised = this.#wearers.some(({ likeness }) => likeness);
    const away = (wearer: Wearer): number => this.#motion.distance(this.#left.get(wearer) ?? -1, face.box, at);
    const [nearest] = free.sort((a, b) => away(a) - away(b));
    // Somebody besides is surely one of the others, unless the recogniser is still to say so.
    this.#bindings.set(face.id, { wearer: nearest, sure: nearest === undefined && !recognised });
  }

  /** Two that crossed are apart again. */
  #part(
    { seen: first, lost, wearer }: Crossing,
    { seen, back }: Record<'seen' | 'back', TrackedFace>,
    at: Milli,
  ): void {
    const stays = this.#bindings.get(first)?.wearer;
    const favour = this.#motion.favours(first, lost, { there: seen.box, elsewhere: back.box }, at);
    // The one in front was followed all the time. Where courses say otherwise both may have turned back, or it became the other one.
    const sure = favour > CLEAR * seen.box.width;
    this.#bindings.set(first, { wearer: stays, sure });
    this.#bindings.set(back.id, { wearer, sure });
    this.#crossing = undefined;
  }

  #partOf(id: number, everybody: PreparedIdentity | null): Part {
    const { wearer, sure } = this.#bindings.get(id)!;
    const others = this.#wearers.find(({ position, likeness }) => position === undefined && likeness === undefined);
    const part = wearer ? wearer.identity : others ? others.identity : everybody;
    return part === 'own' && !sure ? null : part;
  }
}

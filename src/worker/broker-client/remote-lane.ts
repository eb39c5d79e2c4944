import { GatewayError } from '../../errors.ts';
import type { CropLane, CropLaneOptions, CropSource, LaneLevel, SwappedPixels } from '../../swap/neural/crop-lane.ts';
import type { Clock, Milli } from '../../time.ts';
import { laneOpenedSchema, swappedSchema, type OpenLane } from '../wire/broker-protocol.ts';
import type { Channel, WireReply } from '../wire/channel.ts';

/**
 * Frames of one lane that may be without answer: one that waits, and those in batches that run. The broker keeps only the
 * newest that waits, so more are on their way only if it stands still.
 */
const MAXIMUM_ON_WAY = 8;
/** An answer that comes so long after the deadline is not waited for. */
const GRACE: Milli = 500;
/** Opening a lane takes the broker no time. */
const OPEN_LIMIT: Milli = 3_000;

type Frame = Parameters<CropLane['swap']>;
type Settle = (faces: readonly SwappedPixels[] | undefined) => void;

/** A lane as it is on one connection. */
interface Place {
  readonly channel: Channel;
  readonly lane: number;
  /** Hashes of the sources that the broker has for it: those of the frame before. */
  known: ReadonlySet<string>;
}

/** A lane of the broker, seen from a pixel thread. It outlasts connections: without one, frames are given up at once. */
export class RemoteLane implements CropLane {
  readonly #options: CropLaneOptions;
  readonly #clock: Clock;
  readonly #forget: () => void;
  readonly #onWay = new Set<Settle>();
  #place: Place | undefined;
  #level: LaneLevel = 0;
  #closed = false;

  constructor(options: CropLaneOptions, wiring: { readonly clock: Clock; readonly forget: () => void }) {
    this.#options = options;
    this.#clock = wiring.clock;
    this.#forget = wiring.forget;
  }

  /** Its number on the connection that it has now. */
  get number(): number | undefined {
    return this.#place?.lane;
  }

  /** Opens it on a new connection. @throws GatewayError recipe_unknown, capacity_full, worker_lost, timed_out */
  async attach(channel: Channel): Promise<void> {
    const { recipe, tier, tenant, frameRate, faces } = this.#options;
    const body: OpenLane = { recipe, tier, tenant, frameRate, faces };
    const reply = await channel.request({ type: 'lane', body }, { timeout: OPEN_LIMIT });
    const { lane, level } = laneOpenedSchema.parse(reply.body);
    if (this.#closed) {
      channel.notify({ type: 'close-lane', body: { lane } });
      return;
    }
    this.#place = { channel, lane, known: new Set() };
    this.tell(level);
  }

  /** The connection is gone. */
  detach(): void {
    this.#place = undefined;
    this.#giveUp();
  }

  /** How far the broker has degraded it. */
  tell(level: LaneLevel): void {
    if (level === this.#level || this.#closed) return;
    this.#level = level;
    this.#options.onLevel?.(level);
  }

  swap(...[crops, { sources, deadline, enhance = 0 }]: Frame): ReturnType<CropLane['swap']> {
    const place = this.#place;
    const left = deadline - this.#clock.now();
    if (place === undefined || left <= 0 || this.#onWay.size >= MAXIMUM_ON_WAY || !place.channel.hasRoom) {
      return Promise.resolve(undefined);
    }
    return new Promise((resolve) => {
      const settle: Settle = (faces) => {
        if (this.#onWay.delete(settle)) resolve(faces);
      };
      this.#onWay.add(settle);
      void this.#ask(place, { crops, sources, deadline, enhance }, left + GRACE).then(settle);
    });
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#forget();
    this.#place?.channel.notify({ type: 'close-lane', body: { lane: this.#place.lane } });
    this.detach();
  }

  async #ask(
    place: Place,
    frame: { readonly crops: readonly Uint8Array[] } & Required<Frame[1]>,
    timeout: Milli,
  ): Promise<readonly SwappedPixels[] | undefined> {
    const { crops, deadline, enhance } = frame;
    const { sources, brought } = told(frame.sources, place.known);
    place.known = new Set(sources.map(({ hash }) => hash));
    const body = { lane: place.lane, crops: crops.length, deadline, enhance, sources };
    const payload = [...crops, ...brought];
    try {
      const reply = await place.channel.request({ type: 'swap', body, payload }, { timeout });
      const answer = swappedSchema.safeParse(reply.body).data;
      if (answer !== undefined && answer.spent > 0) this.#options.onSpent?.(answer.spent);
      return answer?.end === 'swapped' ? facesOf(reply, { crops, size: answer.size }) : undefined;
    } catch (error) {
      if (!(error instanceof GatewayError)) throw error;
      // Whether the broker has seen the sources is not known now.
      place.known = new Set();
      return undefined;
    }
  }

  #giveUp(): void {
    for (const settle of [...this.#onWay]) settle(undefined);
  }
}

/** Sources as the wire names them, and the bytes of those that are not known there yet. */
function told(
  sources: readonly CropSource[],
  known: ReadonlySet<string>,
): { sources: { hash: string; bytes: number }[]; brought: Uint8Array[] } {
  const seen = new Set(known);
  const brought: Uint8Array[] = [];
  const named = sources.map(({ hash, bytes }) => {
    if (seen.has(hash)) return { hash, bytes: 0 };
    seen.add(hash);
    brought.push(bytes);
    return { hash, bytes: bytes.length };
  });
  return { sources: named, brought };
}

/** The new faces of an answer, as views into it; none if they are not whole. @param size side of each */
function facesOf(
  { payload }: WireReply,
  { crops, size }: { readonly crops: readonly Uint8Array[]; readonly size: number },
): readonly SwappedPixels[] | undefined {
  const pixels = size ** 2;
  const each = payload.length / crops.length;
  const enhanced = each === 4 * pixels + crops[0]!.length;
  if (pixels === 0 || !(enhanced || each === 4 * pixels)) return undefined;
  return crops.map((_, index) => {
    const face = payload.subarray(index * each, (index + 1) * each);
    const made = { rgb: face.subarray(0, 3 * pixels), mask: face.subarray(3 * pixels, 4 * pixels) };
    return enhanced ? { ...made, plain: face.subarray(4 * pixels) } : made;
  });
}

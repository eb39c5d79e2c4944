import type { Chunk, VideoCodec } from '../../media/chunk.ts';
import type { Milli } from '../../time.ts';
import { FrameScan } from './frame-scan.ts';
import { FrameTally } from './frame-tally.ts';
import type { MediaPacket } from './media-packet.ts';
import { PacketRing, RING_BYTES, RING_SIZE } from './packet-ring.ts';

/** Keyframes that may be under way at once behind a hole; senders start one at a time. */
const CANDIDATE_LIMIT = 16;
/** A keyframe behind a hole waits so long for what is before it: reordering on a good network ends sooner. */
const KEYFRAME_GRACE: Milli = 5;

/**
 * Packets in any order to chunks in order, without holes, beginning with a keyframe. After a hole that cannot be filled
 * it gives nothing until the next keyframe is whole. Waiting for a keyframe is the state without a `#frame`.
 */
export class FrameAssembler {
  readonly tally = new FrameTally();
  readonly #ring = new PacketRing();
  /** The frame that is next in order. */
  #frame: FrameScan | undefined;
  /** Keyframes seen to begin further on, by position. */
  #candidates: FrameScan[] = [];
  /** Positions below are done with. */
  #floor = -Infinity;
  #highest = -Infinity;
  /** Since when the next frame has had a hole. */
  #blockedSince: Milli | undefined;
  #decodable: Milli = 0;
  #codec: VideoCodec | undefined;
  #rotation: 0 | 1 | 2 | 3 = 0;

  /** True if nothing can be given before a keyframe comes. */
  get awaitsKeyframe(): boolean {
    return this.#frame === undefined;
  }

  /** The position up to which everything is done with; what is missing below is not worth asking for. */
  get floor(): number {
    return this.#floor;
  }

  /** True if the packet was new; false for a duplicate or one that comes too late. */
  insert(packet: MediaPacket): boolean {
    const { position } = packet;
    if (this.#floor === -Infinity) this.#floor = position - RING_SIZE / 2;
    if (position < this.#floor || this.#ring.get(position)) return false;
    if (position - this.#floor >= RING_SIZE) this.#makeRoom(position - RING_SIZE / 2);
    if (this.#ring.bytes > RING_BYTES) this.#makeRoom(this.#highest + 1);
    if (position < this.#floor) return false;
    this.#ring.put(packet);
    this.#highest = Math.max(this.#highest, position);
    if (packet.payload.length === 0) return true;
    this.tally.note(packet.timestamp, position, this.awaitsKeyframe ? 'awaiting-keyframe' : 'lost');
    if (packet.depacketizer.beginsKeyframe(packet.payload)) this.#addCandidate(position);
    return true;
  }

  /** All chunks that have become decodable by `now`. */
  take(now: Milli): Chunk[] {
    const chunks: Chunk[] = [];
    for (;;) {
      const scan = this.#nextWhole(now);
      if (!scan) return chunks;
      const chunk = this.#finish(scan.start, scan.end(this.#ring) ?? scan.start);
      if (chunk) chunks.push(chunk);
    }
  }

  /** Nothing that is missing up to `position` will come: frames that need it are lost. */
  abandon(position: number): void {
    if (this.#frame ? position < this.#frame.missing : position < this.#floor) return;
    this.#give(position + 1, this.awaitsKeyframe ? 'awaiting-keyframe' : 'lost');
    this.#frame = undefined;
  }

  /** The source began anew, or the decoder lost its place: only a keyframe helps. Packets in hand stay. */
  awaitKeyframe(): void {
    this.#frame = undefined;
    this.#blockedSince = undefined;
  }

  /** Forgets every packet; what was begun is lost. */
  reset(): void {
    this.tally.giveUp(Infinity, this.awaitsKeyframe ? 'awaiting-keyframe' : 'lost');
    this.#ring.clear();
    this.#candidates = [];
    this.#floor = -Infinity;
    this.#highest = -Infinity;
    this.awaitKeyframe();
  }

  #addCandidate(position: number): void {
    this.#candidates.push(new FrameScan(position));
    this.#candidates.sort((a, b) => a.start - b.start);
    if (this.#candidates.length > CANDIDATE_LIMIT) this.#candidates.shift();
  }

  /** The next frame in order if it is whole; else a whole keyframe further on, if there is nothing better to wait for. */
  #nextWhole(now: Milli): FrameScan | undefined {
    if (this.#frame) {
      if (this.#frame.end(this.#ring) !== undefined) return this.#frame;
      if (this.#frame.missing > this.#highest) {
        this.#blockedSince = undefined;
        return undefined;
      }
      this.#blockedSince ??= now;
      if (now - this.#blockedSince < KEYFRAME_GRACE) return undefined;
    }
    const keyframe = this.#candidates.find((candidate) => candidate.end(this.#ring) !== undefined);
    if (!keyframe || keyframe.start === this.#frame?.start) return undefined;
    this.#give(keyframe.start, this.awaitsKeyframe ? 'awaiting-keyframe' : 'lost');
    return keyframe;
  }

  /** Takes the frame out of the ring and joins it; `undefined` if it gives no chunk. */
  #finish(start: number, end: number): Chunk | undefined {
    const packets: MediaPacket[] = [];
    for (let position = start; position <= end; position++) {
      const packet = this.#ring.get(position);
      if (packet && packet.payload.length > 0) packets.push(packet);
    }
    const wasAwaiting = this.awaitsKeyframe;
    this.#moveTo(end + 1);
    this.#frame = new FrameScan(end + 1);
    const first = packets[0];
    return first && this.#join(first, packets, wasAwaiting);
  }

  #join(first: MediaPacket, packets: readonly MediaPacket[], wasAwaiting: boolean): Chunk | undefined {
    const assembled = first.depacketizer.assemble(packets.map(({ payload }) => payload));
    const awaiting = wasAwaiting || first.codec !== this.#codec;
    if (assembled.kind === 'nothing') {
      this.tally.finish(first.timestamp);
      if (awaiting) this.awaitKeyframe();
      return undefined;
    }
    if (assembled.kind === 'broken' || (awaiting && !assembled.keyframe)) {
      this.tally.finish(first.timestamp, assembled.kind === 'broken' ? 'broken' : 'awaiting-keyframe');
      this.awaitKeyframe();
      return undefined;
    }
    this.tally.finish(first.timestamp);
    this.#codec = first.codec;
    const arrived = packets.reduce((latest, packet) => Math.max(latest, packet.arrived), 0);
    this.#decodable = assembled.keyframe ? arrived : Math.max(arrived, this.#decodable);
    return this.#chunk(first, packets, assembled);
  }

  #chunk(
    { codec, timestamp }: MediaPacket,
    packets: readonly MediaPacket[],
    { data, keyframe, referenced }: { data: Uint8Array; keyframe: boolean; referenced: boolean },
  ): Chunk {
    // Senders must tell it with each keyframe, and may leave it out of others as long as it stays (3GPP TS 26.114 §7.4.5).
    const told = packets.find((packet) => packet.rotation !== undefined)?.rotation;
    this.#rotation = told ?? (keyframe ? 0 : this.#rotation);
    const captureTime = packets.find((packet) => packet.captureTime !== undefined)?.captureTime;
    return {
      codec,
      data,
      timestamp,
      keyframe,
      referenced,
      decodable: this.#decodable,
      ...(this.#rotation !== 0 && { rotation: this.#rotation }),
      ...(captureTime && { captureTime }),
    };
  }

  /** Gives up every frame that ends before `position`. */
  #give(position: number, reason: 'lost' | 'awaiting-keyframe'): void {
    this.tally.giveUp(position - 1, reason);
    this.#moveTo(position);
  }

  #moveTo(position: number): void {
    const from = Math.max(this.#floor, position - RING_SIZE);
    for (let at = from; at < position; at++) this.#ring.remove(at);
    this.#floor = Math.max(this.#floor, position);
    if (this.#candidates.length > 0) {
      this.#candidates = this.#candidates.filter((candidate) => candidate.start >= position);
    }
    this.#blockedSince = undefined;
  }

  /** A hole has stayed open, or a frame gone on, for longer than the ring holds: what is below `floor` is given up. */
  #makeRoom(floor: number): void {
    this.#give(floor, this.awaitsKeyframe ? 'awaiting-keyframe' : 'lost');
    this.#frame = undefined;
  }
}

import { monotonic } from '../../src/time.ts';
import type { SendCodec } from '../../src/codec/codec.ts';
import { createDecoder } from '../../src/codec/decoder.ts';
import type { Chunk } from '../../src/media/chunk.ts';
import { ReceivingEnd } from '../bench/client/ends/receiving-end.ts';
import { Peer } from '../bench/client/peer.ts';
import { Whip } from '../bench/client/whip.ts';

const TICK = 20;

/** A viewer by WHEP who puts pictures together and feeds back as a browser does. */
export class RoomViewer {
  /** Whole pictures, in order, with all that they need. */
  pictures = 0;
  firstWasKeyframe: boolean | undefined;
  /** Of the last keyframe, and of all, pixels. */
  width: number | undefined;
  readonly widths = new Set<number>();
  readonly #door: Whip;
  readonly #peer: Peer;
  readonly #timer: NodeJS.Timeout;

  private constructor(door: Whip, peer: Peer) {
    this.#door = door;
    this.#peer = peer;
    const receiving = new ReceivingEnd({
      negotiated: peer.negotiated,
      senderSsrc: peer.ssrc,
      onChunk: (chunk) => {
        this.firstWasKeyframe ??= chunk.keyframe;
        this.pictures++;
        if (chunk.keyframe) this.#look(chunk);
      },
      onFeedback: (packets) => peer.sendRtcp(packets),
    });
    peer.listen({
      onRtp: (data) => receiving.onRtp(new Uint8Array(data), monotonic.now()),
      onRtcp: (packets) => {
        for (const packet of packets) receiving.onRtcp(packet, monotonic.now());
      },
    });
    this.#timer = setInterval(() => receiving.poll(monotonic.now()), TICK);
  }

  static async open(
    endpoint: string,
    {
      codec = 'vp8',
      through,
    }: { readonly codec?: SendCodec; readonly through?: (answer: string) => Promise<string> } = {},
  ): Promise<RoomViewer> {
    const door = new Whip(endpoint);
    const peer = await Peer.connect(door, { codec, direction: 'recvonly', ...(through && { through }) });
    return new RoomViewer(door, peer);
  }

  /** Whether the gateway still knows it: a fragment of trickle ICE is for sessions that are there. */
  isThere(): Promise<boolean> {
    return this.#door.isThere();
  }

  #look(keyframe: Chunk): void {
    const decoder = createDecoder(keyframe.codec);
    const decoded = decoder.decode(keyframe);
    decoder.close();
    if (decoded.kind !== 'picture') throw new Error('a keyframe must decode alone');
    this.width = decoded.width;
    this.widths.add(decoded.width);
  }

  /** Says no more. */
  leave(): void {
    clearInterval(this.#timer);
    void this.#peer.close();
  }
}

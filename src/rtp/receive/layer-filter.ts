import { EXTENSION_URI, readExtension } from '../packet/extension.ts';
import type { RtpPacket } from '../packet/rtp-packet.ts';

/** Sources of other layers that are remembered: a simulcast has three, each with its resends. */
const SOURCES = 16;

/**
 * Lets one layer of a simulcast through. Its packets name it by the RTP stream id (RFC 8852) until the sender knows that
 * the source is known; after that the source stands for it.
 */
export class LayerFilter {
  readonly #layer: string;
  readonly #ids: readonly number[];
  readonly #others = new Set<number>();

  /** @param layer the one that was asked for @param extensions header extension ids by URI */
  constructor(layer: string, extensions: ReadonlyMap<string, number>) {
    this.#layer = layer;
    const uris = [EXTENSION_URI.streamId, EXTENSION_URI.repairedStreamId];
    this.#ids = uris.flatMap((uri) => extensions.get(uri) ?? []);
  }

  /** False if the packet belongs to another layer. */
  admits(packet: RtpPacket): boolean {
    const named = this.#ids.map((id) => readExtension(packet, id)).find((value) => value !== undefined);
    if (named === undefined) return !this.#others.has(packet.ssrc);
    if (String.fromCharCode(...named) === this.#layer) return this.#others.delete(packet.ssrc) || true;
    if (this.#others.size >= SOURCES) for (const oldest of this.#others) if (this.#others.delete(oldest)) break;
    this.#others.add(packet.ssrc);
    return false;
  }
}

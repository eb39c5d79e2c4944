import type { RtpTicks } from '../../time.ts';
import { appendExtension, EXTENSION_URI, layExtensions, type ExtensionElement } from './extension.ts';
import type { OutgoingPacket, Urgency } from './outgoing-packet.ts';
import { packetBytes } from './packet-bytes.ts';
import { RTP_HEADER, writeRtpHeader } from './rtp-packet.ts';

/** What every packet of one outgoing media line carries in its header extensions. */
export interface OutgoingExtensions {
  /** Negotiated ids by URI (1–14). Only those in `EXTENSION_URI` are written. */
  readonly ids: ReadonlyMap<string, number>;
  /** Value of the mid extension, 1–16 ASCII characters; not written without. */
  readonly mid?: string;
  /** Milliseconds, 0–40,950, in steps of 10: what the receiver's jitter buffer may be. Not written without. */
  readonly playoutDelay?: { readonly minimum: number; readonly maximum: number };
}

/**
 * The part of the header that is the same in every packet, laid out once: a packet is then one allocation, one copy of
 * the template and one of the payload.
 */
export class HeaderTemplate {
  readonly ssrc: number;
  readonly payloadType: number;
  /** Bytes before the payload. */
  readonly size: number;
  readonly #block: Uint8Array;
  readonly #transportSequenceAt: number;
  readonly #sendTimeAt: number;

  constructor(options: {
    readonly ssrc: number;
    readonly payloadType: number;
    readonly extensions?: OutgoingExtensions;
  }) {
    this.ssrc = options.ssrc;
    this.payloadType = options.payloadType;
    const ids = options.extensions?.ids;
    const { block, at } = layExtensions(options.extensions ? elementsOf(options.extensions) : []);
    this.#block = block;
    this.size = RTP_HEADER + block.length;
    const place = (uri: string) => {
      const offset = at.get(ids?.get(uri) ?? -1);
      return offset === undefined ? -1 : RTP_HEADER + offset;
    };
    this.#transportSequenceAt = place(EXTENSION_URI.transportSequence);
    this.#sendTimeAt = place(EXTENSION_URI.absoluteSendTime);
  }

  /**
   * A packet whose payload is `pieces` joined.
   * @param more an extension that only this packet carries, behind the others
   */
  packet(
    fields: { readonly marker: boolean; readonly sequence: number; readonly timestamp: RtpTicks },
    pieces: readonly Uint8Array[],
    urgency: Urgency,
    more?: ExtensionElement,
  ): OutgoingPacket {
    const block = more ? appendExtension(this.#block, more) : this.#block;
    const payloadAt = RTP_HEADER + block.length;
    let size = payloadAt;
    for (const piece of pieces) size += piece.length;
    const data = packetBytes(size);
    const { marker, sequence, timestamp } = fields;
    writeRtpHeader(
      data,
      { marker, sequence, timestamp, ssrc: this.ssrc, payloadType: this.payloadType },
      block.length > 0,
    );
    data.set(block, RTP_HEADER);
    let at = payloadAt;
    for (const piece of pieces) {
      data.set(piece, at);
      at += piece.length;
    }
    return { data, urgency, transportSequenceAt: this.#transportSequenceAt, sendTimeAt: this.#sendTimeAt };
  }
}

function elementsOf(extensions: OutgoingExtensions): ExtensionElement[] {
  const elements: ExtensionElement[] = [];
  const add = (uri: string, value: Uint8Array | undefined) => {
    const id = extensions.ids.get(uri);
    if (id !== undefined && value !== undefined) elements.push({ id, value });
  };
  add(EXTENSION_URI.transportSequence, new Uint8Array(2));
  add(EXTENSION_URI.absoluteSendTime, new Uint8Array(3));
  add(EXTENSION_URI.mid, extensions.mid ? new TextEncoder().encode(extensions.mid) : undefined);
  add(EXTENSION_URI.playoutDelay, extensions.playoutDelay && playoutDelayValue(extensions.playoutDelay));
  return elements;
}

/** 12 bits minimum, 12 bits maximum, in units of 10 ms. */
function playoutDelayValue({ minimum, maximum }: { minimum: number; maximum: number }): Uint8Array {
  const low = Math.min(4095, Math.max(0, Math.round(minimum / 10)));
  const high = Math.min(4095, Math.max(low, Math.round(maximum / 10)));
  return Uint8Array.of(low >> 4, ((low & 0x0f) << 4) | (high >> 8), high & 0xff);
}

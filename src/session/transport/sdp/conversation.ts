import { randomBytes, randomInt } from 'node:crypto';
import { GatewayError } from '../../../errors.ts';
import type { TransportSettings } from '../transport-settings.ts';
import type { NegotiatedMedia } from '../transport.ts';
import { writeAnswer, type AnswerTransport } from './answer.ts';
import { negotiate, type LocalSources, type Negotiation } from './negotiate.ts';
import { parseOffer } from './offer.ts';

/** Longest offer that is read, characters. */
const MAXIMUM_OFFER = 128 * 1024;
const DEFAULT_START_BITRATE = 2_000_000;

/** What a transport adds to an answer. */
export type AnswerPart = Omit<AnswerTransport, 'session' | 'version' | 'startBitrate'>;

/** Offers and answers of one session: whatever carries its packets, the same is taken and said of them. */
export class Conversation {
  readonly #settings: TransportSettings;
  readonly #session = String(randomInt(2 ** 47));
  readonly #sources: LocalSources = newSources();
  #first: Negotiation | undefined;
  #version = 0;
  #answering = false;

  constructor(settings: TransportSettings) {
    this.#settings = settings;
  }

  /**
   * Takes an offer, lets the transport do its part, gives the answer. What was agreed on before holds if it fails.
   * @throws GatewayError offer_invalid, no_video, no_codec, state_invalid, and those of `settle`
   */
  async exchange(
    offer: string,
    settle: (negotiation: Negotiation) => Promise<AnswerPart>,
  ): Promise<{ readonly sdp: string; readonly media: readonly NegotiatedMedia[] }> {
    if (this.#answering) throw new GatewayError('state_invalid', 'an offer must wait for the answer to the one before');
    this.#answering = true;
    try {
      return await this.#exchange(offer, settle);
    } finally {
      this.#answering = false;
    }
  }

  async #exchange(
    text: string,
    settle: (negotiation: Negotiation) => Promise<AnswerPart>,
  ): Promise<{ readonly sdp: string; readonly media: readonly NegotiatedMedia[] }> {
    if (text.length > MAXIMUM_OFFER) throw new GatewayError('offer_invalid', 'the offer must be at most 128 kB');
    const offer = parseOffer(text);
    const { codec, unasked, maximumSide, receiveOnly, startBitrate = DEFAULT_START_BITRATE } = this.#settings;
    const negotiation = negotiate(offer, {
      codec,
      sources: this.#sources,
      ...(unasked && { unasked }),
      ...(maximumSide !== undefined && { maximumSide }),
      ...(receiveOnly !== undefined && { receiveOnly }),
    });
    if (this.#first !== undefined) assertSamePeer(this.#first, negotiation);
    const part = await settle(negotiation);
    this.#first ??= negotiation;
    const sdp = writeAnswer(offer, negotiation, {
      ...part,
      session: this.#session,
      version: ++this.#version,
      startBitrate,
    });
    return { sdp, media: negotiation.sections.flatMap((accepted) => (accepted ? [accepted.media] : [])) };
  }
}

/** A later offer may change media; the DTLS association stays, so the peer's certificate must. */
function assertSamePeer(first: Negotiation, later: Negotiation): void {
  const same = later.fingerprints.some(({ value }) => first.fingerprints.some((known) => known.value === value));
  if (!same) throw new GatewayError('offer_invalid', 'a later offer must keep the certificate of the first');
}

/** Random and different (RFC 3550 §8.1). */
function newSources(): LocalSources {
  const base = randomBytes(4).readUInt32BE(0) | 3;
  return {
    audio: (base - 3) >>> 0,
    video: (base - 2) >>> 0,
    videoRtx: (base - 1) >>> 0,
  };
}

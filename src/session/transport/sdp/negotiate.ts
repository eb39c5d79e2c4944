/** What of an offer is taken: which sections, codecs, extensions; and what we will send. */
import { GatewayError } from '../../../errors.ts';
import type { SendCodec } from '../../../codec/codec.ts';
import type { DtlsRole } from '../dtls/dtls.ts';
import type { Fingerprint } from '../dtls/peer-proof.ts';
import type { NegotiatedCodec, NegotiatedMedia } from '../transport.ts';
import type { Direction, Offer, OfferedSection } from './offer.ts';

/** SSRCs that this side uses; the same in every answer of a session. */
export interface LocalSources {
  readonly audio: number;
  readonly video: number;
  readonly videoRtx: number;
}

/** A section that is taken. */
export interface AcceptedSection {
  readonly section: OfferedSection;
  /** Ours. */
  readonly direction: Direction;
  /** What the answer lists, in the peer's order of preference. */
  readonly codecs: readonly NegotiatedCodec[];
  readonly media: NegotiatedMedia;
}

export interface Negotiation {
  /** One entry for each section of the offer, in order; `undefined` is refused with port 0. */
  readonly sections: readonly (AcceptedSection | undefined)[];
  readonly ufrag: string;
  readonly fingerprints: readonly Fingerprint[];
  readonly role: DtlsRole;
}

export interface NegotiationOptions {
  /** Codec to send; `undefined` = the first of the offer that can be sent. */
  readonly codec: SendCodec | undefined;
  readonly sources: LocalSources;
}

/** Extensions that are understood: which section a packet belongs to, TWCC, and the wish for a short jitter buffer. */
export const EXTENSION = {
  mid: 'urn:ietf:params:rtp-hdrext:sdes:mid',
  transportSequence: 'http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01',
  playoutDelay: 'http://www.webrtc.org/experiments/rtp-hdrext/playout-delay',
} as const;

/** Audio keeps out of the transport-wide numbering: it is not what the peer adapts. */
const EXTENSIONS = {
  audio: [EXTENSION.mid],
  video: [EXTENSION.mid, EXTENSION.transportSequence, EXTENSION.playoutDelay],
} as const;

const OUR_DIRECTION: Record<Direction, Direction> = {
  sendrecv: 'sendrecv',
  sendonly: 'recvonly',
  recvonly: 'sendonly',
  inactive: 'inactive',
};

/**
 * Decides on an offer. All media runs over one transport (max-bundle), so only sections of the video's BUNDLE group are
 * taken: the first video and the first audio.
 * @throws GatewayError offer_invalid, no_video, no_codec
 */
export function negotiate(offer: Offer, options: NegotiationOptions): Negotiation {
  const video = offer.sections.find((section) => isRtp(section, 'video'));
  if (video === undefined) throw new GatewayError('no_video', 'the offer must have a video section');
  const audio = offer.sections.find(
    (section) => isRtp(section, 'audio') && offer.bundle.includes(section.mid) && offer.bundle.includes(video.mid),
  );
  return {
    sections: offer.sections.map((section) => {
      if (section === video) return videoSection(section, options);
      return section === audio ? audioSection(section, options) : undefined;
    }),
    ...transportOf(video),
  };
}

function isRtp(section: OfferedSection, kind: string): boolean {
  return (
    section.kind === kind &&
    section.live &&
    section.direction !== 'inactive' &&
    /^(UDP\/TLS\/)?RTP\/SAVPF?$/.test(section.protocol)
  );
}

function transportOf(section: OfferedSection): Pick<Negotiation, 'ufrag' | 'fingerprints' | 'role'> {
  const { ufrag, password, fingerprints, setup } = section;
  // RFC 8839 §5.4: 4–256 and 22–256 ice-chars.
  if (ufrag === undefined || !/^[\w+/-]{4,256}$/.test(ufrag) || !/^[\w+/-]{22,256}$/.test(password ?? '')) {
    throw new GatewayError('offer_invalid', 'the offer must have ICE credentials');
  }
  if (fingerprints.length === 0) throw new GatewayError('offer_invalid', 'the offer must have a SHA-2 fingerprint');
  if (!section.rtcpMux) throw new GatewayError('offer_invalid', 'the offer must multiplex RTCP (a=rtcp-mux)');
  if (setup !== 'actpass' && setup !== 'active' && setup !== 'passive') {
    throw new GatewayError('offer_invalid', 'the offer must have a DTLS role (a=setup)');
  }
  return { ufrag, fingerprints, role: setup === 'active' ? 'server' : 'client' };
}

function videoSection(section: OfferedSection, { codec, sources }: NegotiationOptions): AcceptedSection {
  const formats = section.codecs.filter(canReceive);
  const sends = section.direction !== 'sendonly';
  const chosen = sendable(formats, codec);
  if (formats.length === 0 || (sends && chosen === undefined)) {
    throw new GatewayError('no_codec', 'the offer must have VP8 or H.264 (packetization-mode=1)');
  }
  const resends = section.codecs.filter(
    (entry) => entry.name === 'rtx' && formats.some(({ payloadType }) => payloadType === entry.associated),
  );
  const rtx = resends.find((entry) => entry.associated === chosen?.payloadType);
  return accept(section, [...formats, ...resends], {
    kind: 'video',
    ...(sends && chosen !== undefined && { send: sendSide(chosen, rtx, sources) }),
  });
}

function sendSide(
  codec: NegotiatedCodec,
  rtx: NegotiatedCodec | undefined,
  sources: LocalSources,
): NonNullable<NegotiatedMedia['send']> {
  if (rtx === undefined) return { codec, ssrc: sources.video };
  return { codec, ssrc: sources.video, rtxPayloadType: rtx.payloadType, rtxSsrc: sources.videoRtx };
}

function audioSection(section: OfferedSection, { sources }: NegotiationOptions): AcceptedSection | undefined {
  const codec = opus(section);
  if (codec === undefined) return undefined;
  const sends = section.direction !== 'sendonly';
  return accept(section, [codec], { kind: 'audio', ...(sends && { send: { codec, ssrc: sources.audio } }) });
}

function accept(
  section: OfferedSection,
  codecs: readonly NegotiatedCodec[],
  media: Pick<NegotiatedMedia, 'kind' | 'send'>,
): AcceptedSection {
  return {
    section,
    direction: OUR_DIRECTION[section.direction],
    codecs,
    media: {
      ...media,
      mid: section.mid,
      receive: section.direction === 'recvonly' ? [] : codecs,
      extensions: pick(section.extensions, EXTENSIONS[media.kind]),
    },
  };
}

function opus(section: OfferedSection): NegotiatedCodec | undefined {
  return section.codecs.find((codec) => codec.name === 'opus' && codec.clockRate === 48_000);
}

/** Codecs that decode: of VP9 only profile 0, which is 8-bit 4:2:0. */
function canReceive(codec: NegotiatedCodec): boolean {
  if (codec.clockRate !== 90_000) return false;
  if (codec.name === 'vp9') return (parameter(codec, 'profile-id') ?? '0') === '0';
  if (codec.name === 'av1') return (parameter(codec, 'profile') ?? '0') === '0';
  return codec.name === 'vp8' || codec.name === 'h264';
}

function sendable(codecs: readonly NegotiatedCodec[], wanted: SendCodec | undefined): NegotiatedCodec | undefined {
  const candidates = codecs.filter(
    (codec) => codec.name === 'vp8' || (codec.name === 'h264' && parameter(codec, 'packetization-mode') === '1'),
  );
  const first = candidates.find((codec) => codec.name === wanted) ?? candidates[0];
  if (first?.name !== 'h264') return first;
  // What is sent is constrained baseline (42e0…): the entry that says so is the truest, any other decodes it too.
  const constrained = candidates.find((codec) => /^42e0/i.test(parameter(codec, 'profile-level-id') ?? ''));
  return constrained ?? first;
}

/** A value of the `a=fmtp` line. */
function parameter(codec: NegotiatedCodec, name: string): string | undefined {
  for (const entry of codec.parameters.split(';')) {
    const [key = '', value] = entry.trim().split('=');
    if (key.toLowerCase() === name) return value;
  }
  return undefined;
}

function pick(offered: ReadonlyMap<string, number>, wanted: readonly string[]): ReadonlyMap<string, number> {
  return new Map([...offered].filter(([uri]) => wanted.includes(uri)));
}

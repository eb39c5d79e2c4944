/** What of an offer is taken: which sections, codecs, extensions; and what we will send. */
import { GatewayError } from '../../../errors.ts';
import { isSendCodec, type SendCodec } from '../../../media/chunk.ts';
import { EXTENSION_URI } from '../../../rtp/packet/extension.ts';
import type { DtlsRole } from '../dtls/dtls.ts';
import type { Fingerprint } from '../dtls/peer-proof.ts';
import type { RemoteDescription } from '../ice/ice-agent.ts';
import type { NegotiatedCodec, NegotiatedMedia } from '../transport.ts';
import type { Direction, Offer, OfferedSection } from './offer.ts';
import { chooseLayer } from './simulcast.ts';

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
  readonly ice: RemoteDescription;
  readonly fingerprints: readonly Fingerprint[];
  readonly role: DtlsRole;
}

export interface NegotiationOptions {
  /** Codec to send; `undefined` or not offered = the first of the offer that `unasked` names. */
  readonly codec: SendCodec | undefined;
  /** Codecs that are sent without being asked for. Default VP8 and H.264; VP9 costs two to three times their time. */
  readonly unasked?: readonly SendCodec[];
  readonly sources: LocalSources;
  /** Nothing is sent, whatever the offer would take. Default false. */
  readonly receiveOnly?: boolean;
  /** Longest side that is taken, pixels: of simulcast layers the largest within it is asked for. Default: any. */
  readonly maximumSide?: number;
}

/** Extensions that are understood. Sound is numbered too: it takes its share of the way, and tells of it when pictures rest. */
const EXTENSIONS = {
  audio: [EXTENSION_URI.mid, EXTENSION_URI.transportSequence],
  /** Where no pictures are sent nobody numbers packets on the way out. */
  soundAlone: [EXTENSION_URI.mid],
  video: [
    EXTENSION_URI.mid,
    EXTENSION_URI.transportSequence,
    EXTENSION_URI.playoutDelay,
    EXTENSION_URI.videoOrientation,
    EXTENSION_URI.absoluteCaptureTime,
  ],
  /** Only where there is simulcast: which layer a packet belongs to. */
  layers: [EXTENSION_URI.streamId, EXTENSION_URI.repairedStreamId],
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
export function negotiate(offered: Offer, options: NegotiationOptions): Negotiation {
  const offer = options.receiveOnly === true ? sendingOnly(offered) : offered;
  const video = offer.sections.find((section) => isRtp(section, 'video'));
  if (video === undefined) throw new GatewayError('no_video', 'the offer must have a video section');
  const audio = offer.sections.find(
    (section) => isRtp(section, 'audio') && offer.bundle.includes(section.mid) && offer.bundle.includes(video.mid),
  );
  return {
    sections: offer.sections.map((section) => {
      if (section === video) return videoSection(section, options);
      return section === audio ? audioSection(section, options, video.direction === 'sendonly') : undefined;
    }),
    ...transportOf(video, offer),
  };
}

/** The offer as if it had not asked for anything back. */
function sendingOnly(offer: Offer): Offer {
  const sections = offer.sections.map((section): OfferedSection => {
    if (section.direction === 'sendrecv') return { ...section, direction: 'sendonly' };
    return section.direction === 'recvonly' ? { ...section, direction: 'inactive' } : section;
  });
  return { ...offer, sections };
}

function isRtp(section: OfferedSection, kind: string): boolean {
  return (
    section.kind === kind &&
    section.live &&
    section.direction !== 'inactive' &&
    /^(UDP\/TLS\/)?RTP\/SAVPF?$/.test(section.protocol)
  );
}

function transportOf(section: OfferedSection, offer: Offer): Pick<Negotiation, 'ice' | 'fingerprints' | 'role'> {
  const { ufrag = '', password = '', fingerprints, setup } = section;
  // RFC 8839 §5.4: 4–256 and 22–256 ice-chars.
  if (!/^[\w+/-]{4,256}$/.test(ufrag) || !/^[\w+/-]{22,256}$/.test(password)) {
    throw new GatewayError('offer_invalid', 'the offer must have ICE credentials');
  }
  if (fingerprints.length === 0) throw new GatewayError('offer_invalid', 'the offer must have a SHA-2 fingerprint');
  if (!section.rtcpMux) throw new GatewayError('offer_invalid', 'the offer must multiplex RTCP (a=rtcp-mux)');
  if (setup !== 'actpass' && setup !== 'active' && setup !== 'passive') {
    throw new GatewayError('offer_invalid', 'the offer must have a DTLS role (a=setup)');
  }
  // All sections of a group run over one transport, and a browser names its candidates only in the first of them.
  const candidates = offer.sections.flatMap((each) => each.candidates);
  const ice = { ufrag, password, lite: offer.iceLite, candidates };
  return { ice, fingerprints, role: setup === 'active' ? 'server' : 'client' };
}

function videoSection(section: OfferedSection, options: NegotiationOptions): AcceptedSection {
  const formats = section.codecs.filter(canReceive);
  const sends = section.direction !== 'sendonly';
  const chosen = sendable(formats, options);
  if (formats.length === 0 || (sends && chosen === undefined)) {
    throw new GatewayError('no_codec', 'the offer must have VP8, H.264 or VP9');
  }
  const resends = section.codecs.filter(
    (entry) => entry.name === 'rtx' && formats.some(({ payloadType }) => payloadType === entry.associated),
  );
  const rtx = resends.find((entry) => entry.associated === chosen?.payloadType);
  const layer =
    section.direction === 'recvonly' ? undefined : chooseLayer(section.layers, options.maximumSide ?? Infinity);
  const media = {
    kind: 'video' as const,
    ...(sends && chosen !== undefined && { send: sendSide(chosen, rtx, options.sources) }),
    ...(layer !== undefined && { layer: layer.rid }),
    ...(asksByIntraRequest(section, formats) && { keyframeRequest: 'full-intra-request' as const }),
  };
  const extensions = [...EXTENSIONS.video, ...(layer === undefined ? [] : EXTENSIONS.layers)];
  return accept(section, [...formats, ...resends], media, extensions);
}

/** True if the peer takes full intra requests (`ccm fir`) for what it sends and no picture loss indications. */
function asksByIntraRequest(section: OfferedSection, formats: readonly NegotiatedCodec[]): boolean {
  const takes = (value: string) =>
    [...formats.map(({ payloadType }) => String(payloadType)), '*'].some((format) =>
      section.feedback.get(format)?.includes(value),
    );
  return takes('ccm fir') && !takes('nack pli');
}

function sendSide(
  codec: NegotiatedCodec,
  rtx: NegotiatedCodec | undefined,
  sources: LocalSources,
): NonNullable<NegotiatedMedia['send']> {
  return {
    codec,
    ssrc: sources.video,
    ...(rtx !== undefined && { rtxPayloadType: rtx.payloadType, rtxSsrc: sources.videoRtx }),
  };
}

function audioSection(
  section: OfferedSection,
  { sources }: NegotiationOptions,
  alone: boolean,
): AcceptedSection | undefined {
  const codec = opus(section);
  if (codec === undefined) return undefined;
  const sends = section.direction !== 'sendonly';
  const media = { kind: 'audio' as const, ...(sends && { send: { codec, ssrc: sources.audio } }) };
  return accept(section, [codec], media, alone ? EXTENSIONS.soundAlone : EXTENSIONS.audio);
}

function accept(
  section: OfferedSection,
  codecs: readonly NegotiatedCodec[],
  media: Pick<NegotiatedMedia, 'kind' | 'send' | 'layer' | 'keyframeRequest'>,
  extensions: readonly string[],
): AcceptedSection {
  return {
    section,
    direction: OUR_DIRECTION[section.direction],
    codecs,
    media: {
      ...media,
      mid: section.mid,
      receive: section.direction === 'recvonly' ? [] : codecs,
      extensions: pick(section.extensions, extensions),
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

const UNASKED: readonly SendCodec[] = ['vp8', 'h264'];

/**
 * The entry to send: of the wanted codec if there is one, else of those that are sent unasked, else of any. H.264 is sent
 * as constrained baseline (42e0…): the entry that says so is the truest, any other decodes it too. In packetization mode 0
 * a slice must fit a packet, so it comes last.
 */
function sendable(
  codecs: readonly NegotiatedCodec[],
  { codec: wanted, unasked = UNASKED }: Pick<NegotiationOptions, 'codec' | 'unasked'>,
): NegotiatedCodec | undefined {
  const candidates = codecs.filter(({ name }) => isSendCodec(name));
  const usual = candidates.find(({ name }) => unasked.some((codec) => codec === name));
  const first = candidates.find(({ name }) => name === wanted) ?? usual ?? candidates[0];
  if (first?.name !== 'h264') return first;
  const entries = candidates.filter(({ name }) => name === 'h264');
  const fragmented = entries.filter((codec) => parameter(codec, 'packetization-mode') === '1');
  const best = fragmented.length > 0 ? fragmented : entries;
  return best.find((codec) => /^42e0/i.test(parameter(codec, 'profile-level-id') ?? '')) ?? best[0];
}

/** A value of the `a=fmtp` line, by a name in lower case. */
function parameter(codec: NegotiatedCodec, name: string): string | undefined {
  return new RegExp(`(?:^|;)\\s*${name}=([^;=]*)`, 'i').exec(codec.parameters)?.[1]?.trim();
}

function pick(offered: ReadonlyMap<string, number>, wanted: readonly string[]): ReadonlyMap<string, number> {
  return new Map([...offered].filter(([uri]) => wanted.includes(uri)));
}

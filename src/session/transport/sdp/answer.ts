/** Writes the SDP answer (RFC 8829 §5.3) to a negotiated offer. */
import type { DtlsRole } from '../dtls/dtls.ts';
import type { IceCredentials } from '../ice/ice-agent.ts';
import type { NegotiatedCodec } from '../transport.ts';
import type { AcceptedSection, Negotiation } from './negotiate.ts';
import type { Offer, OfferedSection } from './offer.ts';

export interface AnswerTransport {
  readonly ice: IceCredentials;
  /** Whether this side is an ICE-lite agent. Default true. */
  readonly lite?: boolean;
  /** Candidate lines without `a=`. */
  readonly candidates: readonly string[];
  /** `sha-256 AA:BB…` */
  readonly fingerprint: string;
  readonly role: DtlsRole;
  /** Identifies the session in `o=`; numeric. */
  readonly session: string;
  /** Counts answers, for `o=`. */
  readonly version: number;
  /** Bits a second that Chromium starts to send with; else it starts at 300 kb/s and takes seconds. */
  readonly startBitrate: number;
}

/** Feedback that the RTP room understands and gives. */
const FEEDBACK = ['goog-remb', 'transport-cc', 'ccm fir', 'nack', 'nack pli'];
/** Names our source in RTCP SDES and SDP (RFC 7022: no more than an identifier). */
export const CNAME = 'guise';

export function writeAnswer(offer: Offer, negotiation: Negotiation, transport: AnswerTransport): string {
  const taken = negotiation.sections.flatMap((accepted) => (accepted ? [accepted.section.mid] : []));
  const bundled = offer.bundle.filter((mid) => taken.includes(mid));
  const lines = [
    'v=0',
    `o=- ${transport.session} ${transport.version} IN IP4 127.0.0.1`,
    's=-',
    't=0 0',
    ...(bundled.length > 0 ? [`a=group:BUNDLE ${bundled.join(' ')}`] : []),
    ...(transport.lite === false ? [] : ['a=ice-lite']),
    ...offer.sections.flatMap((section, index) => {
      const accepted = negotiation.sections[index];
      return accepted ? acceptedSection(accepted, transport) : refusedSection(section);
    }),
  ];
  return lines.join('\r\n') + '\r\n';
}

/** Port 0 in the same place (RFC 3264 §6). */
function refusedSection(section: OfferedSection): string[] {
  return [
    `m=${section.kind} 0 ${section.protocol} ${section.formats[0] ?? '0'}`,
    'c=IN IP4 0.0.0.0',
    ...(section.mid === '' ? [] : [`a=mid:${section.mid}`]),
    'a=inactive',
  ];
}

function acceptedSection({ section, direction, codecs, media }: AcceptedSection, transport: AnswerTransport): string[] {
  const { extensions, send } = media;
  return [
    `m=${section.kind} 9 ${section.protocol} ${codecs.map((codec) => codec.payloadType).join(' ')}`,
    'c=IN IP4 0.0.0.0',
    'a=rtcp:9 IN IP4 0.0.0.0',
    `a=ice-ufrag:${transport.ice.ufrag}`,
    `a=ice-pwd:${transport.ice.password}`,
    `a=fingerprint:${transport.fingerprint}`,
    `a=setup:${transport.role === 'client' ? 'active' : 'passive'}`,
    ...(section.mid === '' ? [] : [`a=mid:${section.mid}`]),
    ...[...extensions].map(([uri, id]) => `a=extmap:${id} ${uri}`),
    `a=${direction}`,
    ...(send ? [`a=msid:${CNAME} ${media.kind}`] : []),
    'a=rtcp-mux',
    ...(section.reducedRtcp ? ['a=rtcp-rsize'] : []),
    ...codecs.flatMap((codec) => codecLines(codec, section, transport.startBitrate)),
    ...(media.layer === undefined ? [] : [`a=rid:${media.layer} recv`, `a=simulcast:recv ${media.layer}`]),
    ...(send ? sourceLines(send) : []),
    ...transport.candidates.map((candidate) => `a=${candidate}`),
    'a=end-of-candidates',
  ];
}

function codecLines(codec: NegotiatedCodec, section: OfferedSection, startBitrate: number): string[] {
  const { payloadType, name, clockRate, channels } = codec;
  const spelled = SPELLING[name] ?? name;
  const isPicture = PICTURES.has(name);
  const parameters = codec.parameters === '' ? [] : [codec.parameters];
  if (isPicture) parameters.push(`x-google-start-bitrate=${Math.round(startBitrate / 1000)}`);
  const offered = [...(section.feedback.get(String(payloadType)) ?? []), ...(section.feedback.get('*') ?? [])];
  const understood = isPicture ? FEEDBACK : name === 'opus' ? ['transport-cc'] : [];
  const feedback = understood.filter((value) => offered.includes(value));
  return [
    `a=rtpmap:${payloadType} ${spelled}/${clockRate}${channels === undefined ? '' : `/${channels}`}`,
    ...(parameters.length === 0 ? [] : [`a=fmtp:${payloadType} ${parameters.join(';')}`]),
    ...feedback.map((value) => `a=rtcp-fb:${payloadType} ${value}`),
  ];
}

/** Encoding names as they are registered. */
const SPELLING: Partial<Record<string, string>> = { vp8: 'VP8', vp9: 'VP9', h264: 'H264', av1: 'AV1' };
/** Formats that carry pictures; the others of a video line resend these. */
const PICTURES = new Set(Object.keys(SPELLING));

function sourceLines({ ssrc, rtxSsrc }: NonNullable<AcceptedSection['media']['send']>): string[] {
  const sources = [ssrc, rtxSsrc].filter((source) => source !== undefined);
  return [
    ...(rtxSsrc === undefined ? [] : [`a=ssrc-group:FID ${ssrc} ${rtxSsrc}`]),
    ...sources.map((source) => `a=ssrc:${source} cname:${CNAME}`),
  ];
}

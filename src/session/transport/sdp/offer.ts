/** Reads an SDP offer (RFC 8866, RFC 8829) as far as a media server needs it. Lines it does not know are ignored. */
import { GatewayError } from '../../../errors.ts';
import type { Fingerprint } from '../dtls/peer-proof.ts';
import type { NegotiatedCodec } from '../transport.ts';
import { parseLayers, type OfferedLayer } from './simulcast.ts';

export type Direction = 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';

/** One `m=` section. */
export interface OfferedSection {
  /** audio, video, application … */
  readonly kind: string;
  readonly protocol: string;
  /** The formats of the `m=` line as they stand: payload types, for RTP. */
  readonly formats: readonly string[];
  readonly mid: string;
  /** False if its port is 0 and it is not `a=bundle-only`: the peer does not use it. */
  readonly live: boolean;
  readonly direction: Direction;
  readonly codecs: readonly NegotiatedCodec[];
  /** `a=rtcp-fb` values by payload type; `*` holds for all. */
  readonly feedback: ReadonlyMap<string, readonly string[]>;
  /** Header extension ids by URI. */
  readonly extensions: ReadonlyMap<string, number>;
  readonly rtcpMux: boolean;
  /** RTCP need not be compound (RFC 5506). */
  readonly reducedRtcp: boolean;
  /** The layers that the peer would send at once, in its order of preference; empty without simulcast. */
  readonly layers: readonly OfferedLayer[];
  readonly ufrag: string | undefined;
  readonly password: string | undefined;
  readonly fingerprints: readonly Fingerprint[];
  readonly setup: string | undefined;
  /** Candidate lines, without `a=`. */
  readonly candidates: readonly string[];
}

export interface Offer {
  readonly sections: readonly OfferedSection[];
  /** Mids of the first BUNDLE group. */
  readonly bundle: readonly string[];
  /** The peer only answers ICE checks (RFC 8445 §2.5). */
  readonly iceLite: boolean;
}

/** Most `m=` sections and lines that are read; a browser's offer of this use has 2 or 3 sections, 200 lines. */
const MAXIMUM_SECTIONS = 32;
const MAXIMUM_LINES = 4000;
/** Longest line, characters; a browser's longest have some 200. */
const MAXIMUM_LINE = 4096;
/** SHA-1 and MD5 fingerprints are not evidence any more. */
const HASHES = new Map<string, Fingerprint['algorithm']>([
  ['sha-256', 'sha256'],
  ['sha-384', 'sha384'],
  ['sha-512', 'sha512'],
]);

/** @throws GatewayError offer_invalid */
export function parseOffer(sdp: string): Offer {
  const lines = sdp.split(/\r\n|\n/, MAXIMUM_LINES);
  if (!lines[0]?.startsWith('v=0')) throw new GatewayError('offer_invalid', 'the offer must be SDP');
  if (lines.some((line) => line.length > MAXIMUM_LINE)) {
    throw new GatewayError('offer_invalid', `a line of the offer must have at most ${MAXIMUM_LINE} characters`);
  }
  const starts = lines.flatMap((line, index) => (line.startsWith('m=') ? [index] : []));
  if (starts.length > MAXIMUM_SECTIONS) {
    throw new GatewayError('offer_invalid', `the offer must have at most ${MAXIMUM_SECTIONS} media sections`);
  }
  const session = lines.slice(0, starts[0] ?? lines.length);
  const sections = starts.map((start, index) => parseSection(lines.slice(start, starts[index + 1]), session));
  const mids = new Set(sections.map((section) => section.mid));
  if (mids.size !== sections.length)
    throw new GatewayError('offer_invalid', 'each media section must have its own mid');
  const group = attributes(session, 'group').find((value) => value.startsWith('BUNDLE'));
  return { sections, bundle: group?.split(' ').slice(1) ?? [], iceLite: session.includes('a=ice-lite') };
}

function parseSection(lines: readonly string[], session: readonly string[]): OfferedSection {
  const [kind = '', port = '0', protocol = '', ...named] = (lines[0] ?? '').slice(2).split(' ');
  // Each once: a format that is named a thousand times would have its parameters read and answered a thousand times.
  const formats = [...new Set(named)];
  const inherited = (name: string): string | undefined => attributes(lines, name)[0] ?? attributes(session, name)[0];
  const fingerprints = attributes(lines, 'fingerprint');
  const mid = attributes(lines, 'mid')[0] ?? '';
  if (!/^[\w.~!$&*+-]{0,64}$/.test(mid)) throw new GatewayError('offer_invalid', 'a mid must be a token');
  return {
    kind,
    protocol,
    formats,
    mid,
    live: port !== '0' || lines.includes('a=bundle-only'),
    direction: directionOf(lines) ?? directionOf(session) ?? 'sendrecv',
    codecs: parseCodecs(lines, formats),
    feedback: parseFeedback(lines),
    extensions: parseExtensions(lines),
    rtcpMux: lines.includes('a=rtcp-mux'),
    reducedRtcp: lines.includes('a=rtcp-rsize'),
    layers: parseLayers(attributes(lines, 'simulcast')[0], attributes(lines, 'rid')),
    ufrag: inherited('ice-ufrag'),
    password: inherited('ice-pwd'),
    fingerprints: (fingerprints.length > 0 ? fingerprints : attributes(session, 'fingerprint')).flatMap(
      parseFingerprint,
    ),
    setup: inherited('setup'),
    candidates: attributes(lines, 'candidate').map((value) => `candidate:${value}`),
  };
}

/** Values of `a=NAME:VALUE` lines. */
function attributes(lines: readonly string[], name: string): string[] {
  const prefix = `a=${name}:`;
  return lines.filter((line) => line.startsWith(prefix)).map((line) => line.slice(prefix.length).trim());
}

function directionOf(lines: readonly string[]): Direction | undefined {
  const directions: readonly Direction[] = ['sendrecv', 'sendonly', 'recvonly', 'inactive'];
  return directions.find((direction) => lines.includes(`a=${direction}`));
}

/** In the order of the `m=` line, which is the peer's order of preference. */
function parseCodecs(lines: readonly string[], formats: readonly string[]): NegotiatedCodec[] {
  const maps = byPayloadType(attributes(lines, 'rtpmap'));
  const parameters = byPayloadType(attributes(lines, 'fmtp'));
  return formats.flatMap((format) => {
    const payloadType = Number(format);
    const [name = '', rate = '', channels] = (maps.get(format) ?? '').split('/');
    const clockRate = Number(rate);
    if (!Number.isInteger(payloadType) || payloadType < 0 || payloadType > 127) return [];
    if (!/^[\w.-]+$/.test(name) || !Number.isInteger(clockRate) || clockRate <= 0) return [];
    const line = parameters.get(format) ?? '';
    const associated = /(?:^|;)\s*apt=(\d+)/.exec(line)?.[1];
    return [
      {
        name: name.toLowerCase(),
        payloadType,
        clockRate,
        parameters: line,
        ...(channels === undefined ? {} : { channels: Number(channels) || 1 }),
        ...(associated === undefined ? {} : { associated: Number(associated) }),
      },
    ];
  });
}

function byPayloadType(values: readonly string[]): Map<string, string> {
  return new Map(
    values.map((value) => {
      const space = value.indexOf(' ');
      return space < 0 ? [value, ''] : [value.slice(0, space), value.slice(space + 1)];
    }),
  );
}

function parseFeedback(lines: readonly string[]): Map<string, string[]> {
  const feedback = new Map<string, string[]>();
  for (const value of attributes(lines, 'rtcp-fb')) {
    const space = value.indexOf(' ');
    if (space < 0) continue;
    const format = value.slice(0, space);
    feedback.set(format, [...(feedback.get(format) ?? []), value.slice(space + 1)]);
  }
  return feedback;
}

/** Only ids of the one-byte form, 1–14 (RFC 8285 §4.2). */
function parseExtensions(lines: readonly string[]): Map<string, number> {
  const extensions = new Map<string, number>();
  for (const value of attributes(lines, 'extmap')) {
    const [id = '', uri = ''] = value.split(' ');
    const number = Number(id.split('/')[0]);
    if (Number.isInteger(number) && number >= 1 && number <= 14) extensions.set(uri, number);
  }
  return extensions;
}

function parseFingerprint(value: string): Fingerprint[] {
  const [name = '', digest = ''] = value.split(' ');
  const algorithm = HASHES.get(name.toLowerCase());
  return algorithm === undefined ? [] : [{ algorithm, value: digest.replaceAll(':', '').toLowerCase() }];
}

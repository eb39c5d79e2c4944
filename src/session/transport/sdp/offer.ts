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
/** Fingerprints of a section that are looked at: one for each hash, of which three are known. */
const MAXIMUM_FINGERPRINTS = 16;
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
  const session = new Attributes(lines.slice(0, starts[0] ?? lines.length));
  const sections = starts.map((start, index) => parseSection(lines.slice(start, starts[index + 1]), session));
  const mids = new Set(sections.map((section) => section.mid));
  if (mids.size !== sections.length)
    throw new GatewayError('offer_invalid', 'each media section must have its own mid');
  const group = session.all('group').find((value) => value.startsWith('BUNDLE'));
  return { sections, bundle: group?.split(' ').slice(1) ?? [], iceLite: session.has('ice-lite') };
}

/** The `a=` lines of a section, looked through once: however many there are, the work grows with them and no faster. */
class Attributes {
  readonly #values = new Map<string, string[]>();
  readonly #flags = new Set<string>();

  constructor(lines: readonly string[]) {
    for (const line of lines) {
      if (!line.startsWith('a=')) continue;
      const colon = line.indexOf(':');
      if (colon < 0) this.#flags.add(line.slice(2));
      else append(this.#values, line.slice(2, colon), line.slice(colon + 1).trim());
    }
  }

  /** Whether there is an `a=NAME` line. */
  has(name: string): boolean {
    return this.#flags.has(name);
  }

  /** Values of `a=NAME:VALUE` lines. */
  all(name: string): readonly string[] {
    return this.#values.get(name) ?? [];
  }
}

function append(lists: Map<string, string[]>, key: string, value: string): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [value]);
  else list.push(value);
}

function parseSection(lines: readonly string[], session: Attributes): OfferedSection {
  const [kind = '', port = '0', protocol = '', ...named] = (lines[0] ?? '').slice(2).split(' ');
  // Each once: a format that is named a thousand times would have its parameters read and answered a thousand times.
  const formats = [...new Set(named)];
  const own = new Attributes(lines);
  const inherited = (name: string): readonly string[] =>
    [own, session].find((each) => each.all(name).length > 0)?.all(name) ?? [];
  const [mid = ''] = own.all('mid');
  if (!/^[\w.~!$&*+-]{0,64}$/.test(mid)) throw new GatewayError('offer_invalid', 'a mid must be a token');
  return {
    kind,
    protocol,
    formats,
    mid,
    live: port !== '0' || own.has('bundle-only'),
    direction: directionOf(own) ?? directionOf(session) ?? 'sendrecv',
    codecs: parseCodecs(own, formats),
    feedback: parseFeedback(own),
    extensions: parseExtensions(own),
    rtcpMux: own.has('rtcp-mux'),
    reducedRtcp: own.has('rtcp-rsize'),
    layers: parseLayers(own.all('simulcast')[0], own.all('rid')),
    ufrag: inherited('ice-ufrag')[0],
    password: inherited('ice-pwd')[0],
    fingerprints: inherited('fingerprint').slice(0, MAXIMUM_FINGERPRINTS).flatMap(parseFingerprint),
    setup: inherited('setup')[0],
    candidates: own.all('candidate').map((value) => `candidate:${value}`),
  };
}

function directionOf(attributes: Attributes): Direction | undefined {
  const directions: readonly Direction[] = ['sendrecv', 'sendonly', 'recvonly', 'inactive'];
  return directions.find((direction) => attributes.has(direction));
}

/** In the order of the `m=` line, which is the peer's order of preference. */
function parseCodecs(attributes: Attributes, formats: readonly string[]): NegotiatedCodec[] {
  const maps = byPayloadType(attributes.all('rtpmap'));
  const parameters = byPayloadType(attributes.all('fmtp'));
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

function parseFeedback(attributes: Attributes): Map<string, string[]> {
  const feedback = new Map<string, string[]>();
  for (const value of attributes.all('rtcp-fb')) {
    const space = value.indexOf(' ');
    if (space >= 0) append(feedback, value.slice(0, space), value.slice(space + 1));
  }
  return feedback;
}

/** Only ids of the one-byte form, 1–14 (RFC 8285 §4.2). */
function parseExtensions(attributes: Attributes): Map<string, number> {
  const extensions = new Map<string, number>();
  for (const value of attributes.all('extmap')) {
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

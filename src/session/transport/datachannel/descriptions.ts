/**
 * What libdatachannel is told of a session. It gets no browser's SDP: src/session/transport/sdp/ decides what is taken. It
 * is shown one media line that stands for all of them, since a connection with a single line hands every RTP and RTCP
 * packet to it whole and unsorted, whatever its SSRC, MID or payload type; sorting is the RTP room's business.
 */
import { randomBytes } from 'node:crypto';
import { assert, GatewayError } from '../../../errors.ts';
import type { IceCredentials } from '../ice/ice-agent.ts';
import type { Negotiation } from '../sdp/negotiate.ts';

/** The one line's mid and payload type; neither is seen outside. */
export const LINE = { mid: '0', payloadType: 96 } as const;

/** The peer's offer, as libdatachannel needs it. */
export function remoteDescription(negotiation: Negotiation): string {
  const { ice, fingerprints, role } = negotiation;
  const [fingerprint] = fingerprints;
  assert(fingerprint, 'a negotiation has a fingerprint');
  const algorithm = fingerprint.algorithm.replace('sha', 'sha-');
  const digest = fingerprint.value.toUpperCase().match(/../g)?.join(':');
  return [
    'v=0',
    'o=- 1 1 IN IP4 127.0.0.1',
    's=-',
    't=0 0',
    `a=group:BUNDLE ${LINE.mid}`,
    `m=video 9 UDP/TLS/RTP/SAVPF ${LINE.payloadType}`,
    'c=IN IP4 0.0.0.0',
    `a=mid:${LINE.mid}`,
    `a=ice-ufrag:${ice.ufrag}`,
    `a=ice-pwd:${ice.password}`,
    `a=fingerprint:${algorithm} ${digest}`,
    `a=setup:${role === 'server' ? 'active' : 'passive'}`,
    'a=sendrecv',
    'a=rtcp-mux',
    `a=rtpmap:${LINE.payloadType} VP8/90000`,
    '',
  ].join('\r\n');
}

/** `sha-256 AA:BB…` of the certificate that libdatachannel made for this session. */
export function ownFingerprint(localDescription: string | undefined): string {
  const fingerprint = /^a=fingerprint:(\S+ \S+)/m.exec(localDescription ?? '')?.[1];
  assert(fingerprint, 'a local description has a fingerprint');
  return fingerprint;
}

/** Longer than libjuice's own user fragment of 4 characters, which sessions on one port would soon share by chance. */
export function newCredentials(): IceCredentials {
  return { ufrag: randomBytes(9).toString('base64'), password: randomBytes(24).toString('base64') };
}

/** A mistake of the peer that libdatachannel found. */
export function offerRefused(cause: unknown): GatewayError {
  return new GatewayError('offer_invalid', 'the offer must describe a connection', { cause });
}

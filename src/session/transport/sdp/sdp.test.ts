import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { GatewayError } from '../../../errors.ts';
import { writeAnswer } from './answer.ts';
import { negotiate, type NegotiationOptions } from './negotiate.ts';
import { parseOffer } from './offer.ts';

const CHROMIUM = readFileSync(new URL('./chromium-offer.sdp', import.meta.url), 'utf8');
const OPTIONS: NegotiationOptions = { codec: undefined, sources: { audio: 1, video: 2, videoRtx: 3 } };

function answerTo(sdp: string, options = OPTIONS): { lines: string[]; send: string | undefined } {
  const offer = parseOffer(sdp);
  const negotiation = negotiate(offer, options);
  const answer = writeAnswer(offer, negotiation, {
    ice: { ufrag: 'abcd', password: 'x'.repeat(22) },
    candidates: ['candidate:1 1 udp 2130706431 192.0.2.1 40000 typ host'],
    fingerprint: 'sha-256 AA',
    role: negotiation.role,
    session: '1',
    version: 1,
    startBitrate: 2_000_000,
  });
  const video = negotiation.sections.find((accepted) => accepted?.media.kind === 'video');
  return { lines: answer.split('\r\n'), send: video?.media.send?.codec.name };
}

function codeOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof GatewayError) return error.code;
    throw error;
  }
  return 'accepted';
}

/** The offer with only the video codecs named. */
function onlyCodecs(...names: string[]): string {
  const keep = parseOffer(CHROMIUM)
    .sections.flatMap(({ codecs }) => codecs)
    .filter(({ name }) => names.includes(name) || name === 'opus')
    .map(({ payloadType }) => String(payloadType));
  return CHROMIUM.split('\r\n')
    .map((line) =>
      line.startsWith('m=')
        ? [
            ...line.split(' ').slice(0, 3),
            ...line
              .split(' ')
              .slice(3)
              .filter((format) => keep.includes(format)),
          ].join(' ')
        : line,
    )
    .join('\r\n');
}

describe('the answer to a browser', () => {
  it('takes audio and video over one transport, as ICE-lite and DTLS client', () => {
    const { lines } = answerTo(CHROMIUM);
    expect(lines).toContain('a=ice-lite');
    expect(lines).toContain('a=group:BUNDLE 0 1');
    expect(lines.filter((line) => line === 'a=setup:active')).toHaveLength(2);
    expect(lines.filter((line) => line.startsWith('m=')).map((line) => line.split(' ')[1])).toEqual(['9', '9']);
    expect(lines).toContain('a=end-of-candidates');
  });

  it('offers only codecs that decode, with the payload types, feedback and start bitrate', () => {
    const { lines, send } = answerTo(CHROMIUM);
    const names = lines.filter((line) => line.startsWith('a=rtpmap:')).map((line) => line.split(/[ /]/)[1]);
    expect(new Set(names)).toEqual(new Set(['opus', 'VP8', 'H264', 'VP9', 'AV1', 'rtx']));
    expect(send).toBe('vp8');
    expect(lines).toContain('a=fmtp:96 x-google-start-bitrate=2000');
    expect(lines.filter((line) => line.startsWith('a=rtcp-fb:96 ')).map((line) => line.slice(13))).toEqual([
      'goog-remb',
      'transport-cc',
      'ccm fir',
      'nack',
      'nack pli',
    ]);
    // Sound takes part in the transport-wide numbering.
    expect(lines).toContain('a=rtcp-fb:111 transport-cc');
    expect(lines.filter((line) => line.startsWith('a=extmap:3 '))).toHaveLength(2);
    expect(lines.some((line) => /abs-send-time|rtp-stream-id|a=rid|simulcast|FEC-FR/.test(line))).toBe(false);
  });

  it('sends the codec that the session wants, H.264 as constrained baseline in packetization mode 1', () => {
    const offer = parseOffer(CHROMIUM);
    const media = negotiate(offer, { ...OPTIONS, codec: 'h264' }).sections[1]?.media;
    expect(media?.send?.codec.parameters).toContain('packetization-mode=1;profile-level-id=42e01f');
    const rtx = media?.receive.find(({ payloadType }) => payloadType === media.send?.rtxPayloadType);
    expect(rtx?.associated).toBe(media?.send?.codec.payloadType);
  });

  it('sends VP9 only where the session or the operator wants it, or nothing else is offered', () => {
    const sentTo = (sdp: string, options = {}) =>
      negotiate(parseOffer(sdp), { ...OPTIONS, ...options }).sections[1]?.media.send?.codec.name;
    const vp9First = CHROMIUM.replace(/(m=video \d+ \S+) (.*)\b98\b/, '$1 98 $2');
    expect(sentTo(vp9First)).toBe('vp8');
    expect(sentTo(vp9First, { codec: 'vp9' })).toBe('vp9');
    expect(sentTo(CHROMIUM, { codec: 'vp9' })).toBe('vp9');
    expect(sentTo(vp9First, { unasked: ['vp8', 'vp9'] })).toBe('vp9');
    expect(sentTo(CHROMIUM, { unasked: ['vp8', 'vp9'] })).toBe('vp8');
    expect(sentTo(onlyCodecs('vp9', 'av1'))).toBe('vp9');
  });

  it('asks for keyframes by full intra request only where the peer takes nothing else', () => {
    const requestOf = (sdp: string) => negotiate(parseOffer(sdp), OPTIONS).sections[1]?.media.keyframeRequest;
    expect(requestOf(CHROMIUM)).toBeUndefined();
    const without = CHROMIUM.replaceAll(/a=rtcp-fb:\d+ nack pli\r\n/g, '');
    expect(requestOf(without)).toBe('full-intra-request');
    expect(requestOf(without.replaceAll(/a=rtcp-fb:\d+ ccm fir\r\n/g, ''))).toBeUndefined();
  });

  it('sends H.264 in packetization mode 0 only where there is no other', () => {
    const modeOf = (sdp: string) => negotiate(parseOffer(sdp), { ...OPTIONS, codec: 'h264' }).sections[1]?.media.send;
    expect(modeOf(CHROMIUM.replaceAll('packetization-mode=1', 'packetization-mode=0'))?.codec.payloadType).toBe(108);
    expect(modeOf(CHROMIUM.replaceAll('packetization-mode=1;', ''))?.codec.name).toBe('h264');
  });

  it('makes RTCP small only for those who said that they read it', () => {
    expect(answerTo(CHROMIUM).lines).toContain('a=rtcp-rsize');
    expect(answerTo(CHROMIUM.replaceAll('a=rtcp-rsize\r\n', '')).lines).not.toContain('a=rtcp-rsize');
  });

  it('knows the peer by any of several fingerprints', () => {
    const two = CHROMIUM.replaceAll(
      /(a=fingerprint:sha-256) .*\r\n/g,
      '$&a=fingerprint:sha-512 AB:CD\r\na=fingerprint:sha-1 EF\r\n',
    );
    const { fingerprints } = negotiate(parseOffer(two), OPTIONS);
    expect(fingerprints.map(({ algorithm }) => algorithm)).toEqual(['sha256', 'sha512']);
  });

  it('takes a bundle-only section, whose port is 0', () => {
    const bundleOnly = CHROMIUM.replace(/m=video \d+ (.*)\r\n/, 'm=video 0 $1\r\na=bundle-only\r\n');
    expect(answerTo(bundleOnly).lines.some((line) => line.startsWith('m=video 9 '))).toBe(true);
  });

  it('refuses a data channel and a second camera in place, and keeps the rest', () => {
    const second = CHROMIUM.slice(CHROMIUM.indexOf('m=video')).replace('a=mid:1', 'a=mid:2');
    const data = 'm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:3\r\n';
    const { lines } = answerTo(CHROMIUM.replace('BUNDLE 0 1', 'BUNDLE 0 1 2 3') + second + data);
    expect(lines.filter((line) => line.startsWith('m=')).map((line) => line.split(' ').slice(0, 2))).toEqual([
      ['m=audio', '9'],
      ['m=video', '9'],
      ['m=video', '0'],
      ['m=application', '0'],
    ]);
    expect(lines).toContain('a=group:BUNDLE 0 1');
  });

  it('is not longer if a format is named a thousand times', () => {
    const repeated = CHROMIUM.replace(/^m=video .*$/m, (line) => line + line.slice(line.indexOf(' 96')).repeat(20));
    expect(answerTo(repeated).lines).toEqual(answerTo(CHROMIUM).lines);
  });

  it('answers a sender with recvonly and sends nothing', () => {
    const { lines, send } = answerTo(CHROMIUM.replaceAll('a=sendrecv', 'a=sendonly'));
    expect(lines.filter((line) => line === 'a=recvonly')).toHaveLength(2);
    expect(send).toBeUndefined();
  });
});

describe('an offer that cannot be served', () => {
  it.each([
    ['no SDP at all', 'hello', 'offer_invalid'],
    ['no media', 'v=0\r\n', 'no_video'],
    ['audio only', CHROMIUM.slice(0, CHROMIUM.indexOf('m=video')), 'no_video'],
    ['video refused', CHROMIUM.replace(/m=video \d+/, 'm=video 0'), 'no_video'],
    ['video inactive', CHROMIUM.replace(/(m=video[\s\S]*)a=sendrecv/, '$1a=inactive'), 'no_video'],
    ['only codecs that are unknown', onlyCodecs('red', 'ulpfec'), 'no_codec'],
    ['only codecs that cannot be sent', onlyCodecs('av1'), 'no_codec'],
    ['no ICE credentials', CHROMIUM.replaceAll(/a=ice-.*\r\n/g, ''), 'offer_invalid'],
    ['no fingerprint', CHROMIUM.replaceAll(/a=fingerprint.*\r\n/g, ''), 'offer_invalid'],
    ['only a SHA-1 fingerprint', CHROMIUM.replaceAll('sha-256', 'sha-1'), 'offer_invalid'],
    ['no RTCP multiplexing', CHROMIUM.replaceAll('a=rtcp-mux\r\n', ''), 'offer_invalid'],
    ['no DTLS role', CHROMIUM.replaceAll('a=setup:actpass\r\n', ''), 'offer_invalid'],
    ['a mid that breaks lines', CHROMIUM.replace('a=mid:1', 'a=mid:1 a=evil'), 'offer_invalid'],
    ['the same mid twice', CHROMIUM.replace('a=mid:1', 'a=mid:0'), 'offer_invalid'],
    ['a line of 5,000 characters', CHROMIUM + `a=fmtp:98 ${'x;'.repeat(2500)}\r\n`, 'offer_invalid'],
  ])('is refused with its reason: %s', (_, sdp, code) => {
    expect(codeOf(() => answerTo(sdp))).toBe(code);
  });

  it('never hangs or fails in another way over 600 mutations and 20,000 candidates', () => {
    let seed = 1;
    const random = (below: number): number => {
      seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
      return seed % below;
    };
    const allowed = new Set(['accepted', 'offer_invalid', 'no_video', 'no_codec']);
    for (let i = 0; i < 600; i++) {
      const lines = CHROMIUM.split('\r\n');
      for (let change = 0; change <= random(4); change++) {
        const at = random(lines.length);
        const line = lines[at] ?? '';
        const cut = random(line.length + 1);
        const byte = String.fromCharCode(random(256));
        lines[at] = [
          '',
          line + line,
          line.slice(0, cut) + byte + line.slice(cut + 1),
          lines[random(lines.length)] ?? '',
        ][random(4)] as string;
      }
      expect(allowed).toContain(codeOf(() => answerTo(lines.join('\r\n'))));
    }
    // Each of these took half a second where every section went through all lines of the session for each attribute.
    const long = Array.from({ length: 30 }, (_, i) => `m=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:x${i}\r\n`).join('');
    const lines = 'a=fingerprint:sha-256 AA:BB\r\n'.repeat(3700);
    for (let i = 0; i < 200; i++) codeOf(() => answerTo(CHROMIUM.replace('a=group', `${lines}a=group`) + long));
    const candidate = 'a=candidate:1 1 udp 2122194687 192.0.2.2 36285 typ host\r\n';
    expect(codeOf(() => answerTo(CHROMIUM + candidate.repeat(20_000)))).toBe('accepted');
  });
});

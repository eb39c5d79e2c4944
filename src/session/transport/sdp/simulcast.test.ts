import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { writeAnswer } from './answer.ts';
import { negotiate, type NegotiationOptions } from './negotiate.ts';
import { parseOffer } from './offer.ts';

const CHROMIUM = readFileSync(new URL('./chromium-offer.sdp', import.meta.url), 'utf8');
const OPTIONS: NegotiationOptions = { codec: undefined, sources: { audio: 1, video: 2, videoRtx: 3 } };

function answerTo(sdp: string, options: Partial<NegotiationOptions> = {}) {
  const offer = parseOffer(sdp);
  const negotiation = negotiate(offer, { ...OPTIONS, ...options });
  const answer = writeAnswer(offer, negotiation, {
    ice: { ufrag: 'abcd', password: 'x'.repeat(22) },
    candidates: [],
    fingerprint: 'sha-256 AA',
    role: negotiation.role,
    session: '1',
    version: 1,
    startBitrate: 2_000_000,
  });
  return { lines: answer.split('\r\n'), media: negotiation.sections[1]!.media };
}

/** The offer with these lines at the end of its video section. */
const withLines = (...lines: string[]): string => CHROMIUM + lines.map((line) => `${line}\r\n`).join('');

describe('a simulcast offer', () => {
  it('is answered by asking for its first layer, with the extensions that name layers', () => {
    const { lines, media } = answerTo(
      withLines('a=rid:h send', 'a=rid:m send', 'a=rid:l send', 'a=simulcast:send h;m;l'),
    );
    expect(media.layer).toBe('h');
    expect(lines.filter((line) => /^a=(rid|simulcast)/.test(line))).toEqual(['a=rid:h recv', 'a=simulcast:recv h']);
    expect(lines).toContain('a=extmap:10 urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id');
    expect(lines).toContain('a=extmap:11 urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id');
  });

  const sized = ['a=rid:h send max-width=1920;max-height=1080', 'a=rid:m send max-width=1280;max-height=720'];
  it.each([
    [2000, 'h'],
    [1280, 'm'],
    [640, 'm'],
  ])('of layers that tell their sizes gives the largest within %i pixels, else the smallest', (maximumSide, layer) => {
    expect(answerTo(withLines(...sized, 'a=simulcast:send m;h'), { maximumSide }).media.layer).toBe(layer);
  });

  it.each([
    ['a paused layer is passed over', ['a=rid:a send', 'a=rid:b send', 'a=simulcast:send ~a;b'], 'b'],
    ['so is one without a line of its own', ['a=rid:b send', 'a=simulcast:send a;b'], 'b'],
    ['of alternatives the first that is known', ['a=rid:c send', 'a=simulcast:send ~a,c;b'], 'c'],
    ['what the peer receives is no layer', ['a=rid:a recv', 'a=simulcast:recv a'], undefined],
    ['a name that breaks lines', ['a=rid:a\tb send', 'a=simulcast:send a\tb'], undefined],
    ['no value', ['a=rid:a send', 'a=simulcast:send'], undefined],
  ])('%s', (_, lines, layer) => {
    expect(answerTo(withLines(...lines)).media.layer).toBe(layer);
  });

  it('asks for nothing from a peer that only receives', () => {
    const lines = withLines('a=rid:h send', 'a=simulcast:send h').replaceAll('a=sendrecv', 'a=recvonly');
    expect(answerTo(lines).media.layer).toBeUndefined();
  });
});

describe('forward error correction', () => {
  it('is not agreed on, nor are resends of it', () => {
    const { lines, media } = answerTo(CHROMIUM);
    expect(lines.some((line) => /^a=rtpmap:\d+ (red|ulpfec|flexfec)/.test(line))).toBe(false);
    expect(media.receive.some(({ associated }) => associated === 118)).toBe(false);
  });
});

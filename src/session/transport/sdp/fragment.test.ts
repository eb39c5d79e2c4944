import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Random } from '../../../../test/media/random.ts';
import { GatewayError } from '../../../errors.ts';
import { answerFragment, parseFragment, restarted, ufragOf } from './fragment.ts';
import { parseOffer } from './offer.ts';

const offer = readFileSync(new URL('./chromium-offer.sdp', import.meta.url), 'utf8');
const CANDIDATE = 'candidate:1 1 udp 2130706431 192.0.2.7 50000 typ host';
const FRAGMENT = [
  'a=ice-ufrag:newU',
  'a=ice-pwd:new password of 22 ch',
  'm=audio 9 UDP/TLS/RTP/SAVPF 0',
  'a=mid:0',
  `a=${CANDIDATE}`,
  'm=video 9 UDP/TLS/RTP/SAVPF 0',
  'a=mid:1',
  `a=${CANDIDATE} ufrag newU`,
  'a=end-of-candidates',
  '',
].join('\r\n');

describe('a fragment', () => {
  it('is read with the section of each candidate', () => {
    expect(parseFragment(FRAGMENT)).toEqual({
      ufrag: 'newU',
      password: 'new password of 22 ch',
      candidates: [
        { line: CANDIDATE, mid: '0' },
        { line: `${CANDIDATE} ufrag newU`, mid: '1' },
      ],
    });
    expect(parseFragment('a=end-of-candidates\n').candidates).toEqual([]);
  });

  it('that says nothing is refused', () => {
    for (const text of ['', 'hello', 'a=mid:0\r\n', '{"candidate":1}']) {
      expect(() => parseFragment(text)).toThrow(GatewayError);
    }
  });

  it('makes of the offer before it the one that restarts', () => {
    const renewed = restarted(offer, parseFragment(FRAGMENT));
    expect(ufragOf(renewed)).toBe('newU');
    const [before, after] = [parseOffer(offer), parseOffer(renewed)];
    expect(after.sections.map(({ ufrag, password }) => [ufrag, password])).toEqual(
      before.sections.map(() => ['newU', 'new password of 22 ch']),
    );
    expect(after.sections.flatMap(({ candidates }) => candidates)).toHaveLength(2);
    expect(after.sections.map(({ codecs }) => codecs)).toEqual(before.sections.map(({ codecs }) => codecs));
  });

  it('of an answer has its credentials and candidates once each', () => {
    const answer = `v=0\r\na=ice-lite\r\nm=audio 9 X 0\r\na=mid:0\r\na=ice-ufrag:u\r\na=ice-pwd:p\r\na=${CANDIDATE}\r\nm=video 9 X 0\r\na=mid:1\r\na=ice-ufrag:u\r\na=ice-pwd:p\r\na=${CANDIDATE}\r\n`;
    expect(answerFragment(answer)).toBe(
      `a=ice-lite\r\na=ice-ufrag:u\r\na=ice-pwd:p\r\nm=audio 9 X 0\r\na=mid:0\r\na=${CANDIDATE}\r\na=end-of-candidates\r\n`,
    );
  });

  it('of any bytes is read or refused, in bounded time', () => {
    const random = new Random(7);
    for (let count = 0; count < 2000; count++) {
      const at = random.below(FRAGMENT.length);
      const noise = String.fromCharCode(...Array.from({ length: random.below(20) }, () => random.below(256)));
      const text = FRAGMENT.slice(0, at) + noise + FRAGMENT.slice(at + random.below(30));
      try {
        expect(parseFragment(text).candidates.length).toBeLessThanOrEqual(64);
      } catch (error) {
        expect(error).toBeInstanceOf(GatewayError);
      }
    }
    expect(parseFragment(`a=${CANDIDATE}\n`.repeat(100_000)).candidates).toHaveLength(64);
  });
});

/**
 * SDP fragments of trickle ICE (RFC 8840) as WHIP and WHEP send them by PATCH (RFC 9725 §4.3): candidates, or new
 * credentials for an ICE restart.
 */
import { GatewayError } from '../../../errors.ts';

/** Most lines that are read; a browser sends some 40. */
const MAXIMUM_LINES = 500;
const MAXIMUM_CANDIDATES = 64;

export interface Fragment {
  readonly ufrag: string | undefined;
  readonly password: string | undefined;
  /** With the section that each belongs to; all sections of a group run over one transport. */
  readonly candidates: readonly { readonly line: string; readonly mid: string }[];
}

/** @throws GatewayError offer_invalid */
export function parseFragment(text: string): Fragment {
  const lines = text.split(/\r\n|\n/, MAXIMUM_LINES);
  const value = (name: string): string | undefined =>
    lines.find((line) => line.startsWith(`a=${name}:`))?.slice(name.length + 3);
  const [ufrag, password] = [value('ice-ufrag'), value('ice-pwd')];
  const candidates: { line: string; mid: string }[] = [];
  let mid = '';
  for (const line of lines) {
    if (line.startsWith('a=mid:')) mid = line.slice('a=mid:'.length);
    if (line.startsWith('a=candidate:') && candidates.length < MAXIMUM_CANDIDATES)
      candidates.push({ line: line.slice(2), mid });
  }
  if (candidates.length === 0 && ufrag === undefined && !lines.includes('a=end-of-candidates')) {
    throw new GatewayError('offer_invalid', 'a fragment must have candidates or ICE credentials');
  }
  return { ufrag, password, candidates };
}

/** The user fragment that an offer names first. */
export function ufragOf(offer: string): string | undefined {
  return /^a=ice-ufrag:(\S+)/m.exec(offer)?.[1];
}

/** The offer that a restart by fragment stands for: that of before with the new credentials, and the new candidates alone. */
export function restarted(offer: string, { ufrag = '', password = '', candidates }: Fragment): string {
  const lines = offer.split(/\r\n|\n/).filter((line) => !line.startsWith('a=candidate:') && line !== '');
  const renewed = lines.map((line) => {
    if (line.startsWith('a=ice-ufrag:')) return `a=ice-ufrag:${ufrag}`;
    return line.startsWith('a=ice-pwd:') ? `a=ice-pwd:${password}` : line;
  });
  return [...renewed, ...candidates.map(({ line }) => `a=${line}`), ''].join('\r\n');
}

/** What of an answer a fragment says: credentials and candidates. */
export function answerFragment(answer: string): string {
  const lines = answer.split(/\r\n|\n/);
  const first = (prefix: string): string[] => lines.filter((line) => line.startsWith(prefix)).slice(0, 1);
  const candidates = new Set(lines.filter((line) => line.startsWith('a=candidate:')));
  return [
    ...first('a=ice-lite'),
    ...first('a=ice-ufrag:'),
    ...first('a=ice-pwd:'),
    ...first('m='),
    ...first('a=mid:'),
    ...candidates,
    'a=end-of-candidates',
    '',
  ].join('\r\n');
}

/** Hostile datagrams, made of what was sniffed of a real call. */
import { splitRecords } from '../../../src/session/transport/dtls/records.ts';
import type { Mutator } from '../mutator.ts';

/** What is sent at a port; `noise` is random, of any first byte and length. */
export const DATAGRAM_KINDS = ['RTP', 'RTCP', 'STUN', 'DTLS', 'noise'] as const;
export type DatagramKind = (typeof DATAGRAM_KINDS)[number];

/** Datagrams of each kind that are kept: the first, which set the call up, and the newest. */
const KEPT_FIRST = 48;
const KEPT_LAST = 48;

/** RFC 7983 and RFC 5761 §4: the first bytes tell protocols apart. */
function kindOf([first = 0, second = 0]: Uint8Array): DatagramKind {
  if (first < 4) return 'STUN';
  if (first >= 20 && first < 64) return 'DTLS';
  if (first < 128 || first >= 192) return 'noise';
  return second >= 192 && second < 224 ? 'RTCP' : 'RTP';
}

/** Keeps datagrams of a call by kind, both ways. */
export class Sniffer {
  readonly #first = new Map<DatagramKind, Uint8Array[]>();
  readonly #last = new Map<DatagramKind, Uint8Array[]>();

  take(bytes: Uint8Array): void {
    const kind = kindOf(bytes);
    const first = this.#first.get(kind) ?? [];
    this.#first.set(kind, first);
    if (first.length < KEPT_FIRST) {
      first.push(Uint8Array.from(bytes));
      return;
    }
    const last = this.#last.get(kind) ?? [];
    this.#last.set(kind, last);
    if (last.push(Uint8Array.from(bytes)) > KEPT_LAST) last.shift();
  }

  has(kind: DatagramKind): boolean {
    return (this.#first.get(kind)?.length ?? 0) > 0;
  }

  /** One of that kind: sent again as it was, or changed. */
  hostile(kind: DatagramKind, mutator: Mutator): Uint8Array {
    if (kind === 'noise') return mutator.noise(mutator.random.below(mutator.chance(0.1) ? 1500 : 200));
    const seen = [...(this.#first.get(kind) ?? []), ...(this.#last.get(kind) ?? [])];
    return mutator.chance(0.3) ? mutator.pick(seen) : mutator.bytes(seen);
  }
}

/**
 * Whether it has a DTLS record of under 24 bytes that claims to be encrypted: a transport that is not `unspoofable` takes
 * that for the peer's goodbye if it comes from the peer's own address (docs/transport.md).
 */
export function isFalseGoodbye(bytes: Uint8Array): boolean {
  return splitRecords(Buffer.from(bytes)).some(({ epoch, fragment }) => epoch > 0 && fragment.length < 24);
}

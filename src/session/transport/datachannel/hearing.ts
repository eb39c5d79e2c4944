/**
 * Whether the peer still gets what is sent to it, as its reports tell (RFC 3550 §6.4.1, §6.4.2):
 *
 *  |V=2|P|   RC    |  PT = 200/201 |            length             |
 *  |                         SSRC of sender                        |
 *  |          sender info, 20 bytes, only with PT = 200            |
 *  |               SSRC of a source that is reported on            |  … RC times
 *  | fraction lost |       cumulative number of packets lost       |
 *  |          extended highest sequence number received            |
 *  |       jitter, last SR, delay since last SR, 12 bytes          |
 *
 * A peer whose address changes goes on to send, but libdatachannel goes on to send to where it was.
 */
import type { Milli } from '../../../time.ts';

const SENDER_REPORT = 200;
const RECEIVER_REPORT = 201;
/** Bytes from the start of a report to its first block. */
const BLOCKS_AT = { [SENDER_REPORT]: 28, [RECEIVER_REPORT]: 8 } as const;
const BLOCK = 24;
/** Sources that are looked at; we have four at most, and a report may name any. */
const MOST_SOURCES = 8;

export class Hearing {
  readonly #highest = new Map<number, number>();
  /** When the first packet left of which no report has told yet. */
  #unheardSince: Milli | undefined;

  /** How long packets have been sent of which the peer says that none came; 0 while it makes no such reports. */
  deafFor(now: Milli): Milli {
    return this.#unheardSince === undefined || this.#highest.size === 0 ? 0 : now - this.#unheardSince;
  }

  onSent(now: Milli): void {
    this.#unheardSince ??= now;
  }

  /** Reads the reports of a compound packet; what is not whole is left out. */
  onRtcp(data: Buffer): void {
    for (let at = 0; at + 8 <= data.length;) {
      const type = data.readUInt8(at + 1);
      const end = at + 4 * (data.readUInt16BE(at + 2) + 1);
      if (end > data.length) return;
      if (type === SENDER_REPORT || type === RECEIVER_REPORT) {
        const first = at + BLOCKS_AT[type];
        const count = data.readUInt8(at) & 31;
        for (let i = 0; i < count && first + BLOCK * (i + 1) <= end; i++) this.#report(data, first + BLOCK * i);
      }
      at = end;
    }
  }

  #report(data: Buffer, at: number): void {
    const source = data.readUInt32BE(at);
    const highest = data.readUInt32BE(at + 8);
    const known = this.#highest.get(source);
    if (known === highest || (known === undefined && this.#highest.size >= MOST_SOURCES)) return;
    this.#highest.set(source, highest);
    this.#unheardSince = undefined;
  }
}

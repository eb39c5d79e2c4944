/** Forward error correction in the negotiation: which of the offered kinds both sides will use. */
import type { NegotiatedCodec, NegotiatedFec } from '../transport.ts';

export type FecKind = NegotiatedFec['kind'];

export interface AgreedFec {
  /** What we may send; `undefined` if nothing was agreed on. */
  readonly send: NegotiatedFec | undefined;
  /** What the answer lists of it: the peer may then send it too. */
  readonly codecs: readonly NegotiatedCodec[];
}

/** @param wanted the most welcome first @param ssrc the source that FlexFEC would be sent under */
export function agreeOnFec(offered: readonly NegotiatedCodec[], wanted: readonly FecKind[], ssrc: number): AgreedFec {
  const find = (name: string) => offered.find((codec) => codec.name === name && codec.clockRate === 90_000);
  for (const kind of wanted) {
    if (kind === 'flexfec') {
      const flexfec = find('flexfec-03');
      if (flexfec === undefined) continue;
      return { send: { kind, payloadType: flexfec.payloadType, ssrc }, codecs: [flexfec] };
    }
    const red = find('red');
    const ulpfec = find('ulpfec');
    if (red === undefined || ulpfec === undefined) continue;
    const { payloadType } = ulpfec;
    return { send: { kind, payloadType, redPayloadType: red.payloadType }, codecs: [red, ulpfec] };
  }
  return { send: undefined, codecs: [] };
}

import { EXTENSION_URI } from '../../../../src/rtp/packet/extension.ts';

/** What the load client needs of an answer's video section. */
export interface Negotiated {
  readonly payloadType: number;
  readonly rtxPayloadType: number | undefined;
  /** Every video format of the answer, as a receiver takes them. */
  readonly formats: readonly {
    readonly name: string;
    readonly payloadType: number;
    readonly associated?: number;
  }[];
  /** Header extension ids by URI. */
  readonly extensions: ReadonlyMap<string, number>;
  /** Id of the transport-wide number; undefined if the gateway takes none. */
  readonly sequenceId: number | undefined;
}

/** Reads the one video section that the client offers. */
export function readNegotiated(answer: string): Negotiated {
  const associated = new Map(
    [...answer.matchAll(/^a=fmtp:(\d+) .*?apt=(\d+)/gm)].map(([, type, original]) => [Number(type), Number(original)]),
  );
  const formats = [...answer.matchAll(/^a=rtpmap:(\d+) ([^/\r\n]+)\//gm)].map(([, type, name]) => {
    const original = associated.get(Number(type));
    return {
      name: name!.toLowerCase(),
      payloadType: Number(type),
      ...(original !== undefined && { associated: original }),
    };
  });
  const extensions = new Map(
    [...answer.matchAll(/^a=extmap:(\d+)(?:\/\S+)? (\S+)/gm)].map(([, id, uri]) => [uri!, Number(id)]),
  );
  const payloadType = Number(/^m=video \S+ \S+ (\d+)/m.exec(answer)?.[1]);
  return {
    payloadType,
    rtxPayloadType: formats.find((format) => format.associated === payloadType)?.payloadType,
    formats,
    extensions,
    sequenceId: extensions.get(EXTENSION_URI.transportSequence),
  };
}

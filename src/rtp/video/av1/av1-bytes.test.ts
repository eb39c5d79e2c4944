/** Real AV1 in every way that the RTP payload format v1.0 §4.4 lets a sender lay it out. */
import { describe, expect, it } from 'vitest';
import { encodedClip } from '../../../../test/support/encoded-clip.ts';
import { createDecoder } from '../../../codec/decoder.ts';
import { joinPieces } from '../join.ts';
import { Av1Depacketizer } from './av1-depacketizer.ts';
import { leb128, OBU, obuType, parseObu, readLeb128, TEMPORAL_DELIMITER } from './av1-obu.ts';

const CLIP = encodedClip('av1', [{ width: 320, height: 240, frames: 6, keyframes: [4] }]);
const PADDING = Uint8Array.of(OBU.padding << 3, 1, 2, 3, 0x80);
const Z = 0x80;
const Y = 0x40;
const N = 0x08;

/** The OBUs of a temporal unit as they are, each with its size. */
function sizedObus(data: Uint8Array): Uint8Array[] {
  const obus: Uint8Array[] = [];
  for (let at = 0; at < data.length; at += obus.at(-1)!.length) {
    const head = data[at]! & 4 ? 2 : 1;
    const { value, size } = readLeb128(data, at + head)!;
    obus.push(data.subarray(at, at + head + size + value));
  }
  return obus;
}

/** Without its size field: what RTP recommends. */
function bare(obu: Uint8Array): Uint8Array {
  const { header, payload } = parseObu(obu)!;
  return joinPieces([Uint8Array.of(header[0]! & ~2, ...header.subarray(1)), payload]);
}

const isDelimiter = (obu: Uint8Array) => obuType(obu[0]!) === OBU.temporalDelimiter;

/** One packet: W elements, the last without a length; or W = 0, each with one. */
function packet(flags: number, elements: readonly Uint8Array[], counted: boolean): Uint8Array {
  const body = elements.flatMap((element, index) =>
    counted && index === elements.length - 1 ? [element] : [leb128(element.length), element],
  );
  return joinPieces([Uint8Array.of(flags | (counted ? elements.length << 4 : 0)), ...body]);
}

/** `elements` in packets of at most `room` bytes and three elements, cut wherever a packet is full. */
function packets(
  elements: readonly Uint8Array[],
  room: number,
  { keyframe, counted }: { keyframe: boolean; counted: boolean },
) {
  const made: Uint8Array[] = [];
  let parts: Uint8Array[] = [];
  let used = 0;
  let continues = false;
  const flush = (goesOn: boolean) => {
    const flags = (continues ? Z : 0) | (goesOn ? Y : 0) | (keyframe && made.length === 0 ? N : 0);
    if (parts.length > 0) made.push(packet(flags, parts, counted));
    [parts, used, continues] = [[], 0, goesOn];
  };
  for (const element of elements) {
    let rest = element;
    while (rest.length > 0) {
      if (parts.length === 3 || used >= room) flush(false);
      const part = rest.subarray(0, room - used);
      rest = rest.subarray(part.length);
      parts.push(part);
      used += part.length;
      if (rest.length > 0) flush(true);
    }
  }
  flush(false);
  return made;
}

describe.each([true, false])('AV1 with counted elements (W): %s', (counted) => {
  it.each([
    ['without sizes', (obus: Uint8Array[]) => obus.filter((obu) => !isDelimiter(obu)).map(bare)],
    ['with sizes', (obus: Uint8Array[]) => obus.filter((obu) => !isDelimiter(obu))],
    ['with delimiters and padding', (obus: Uint8Array[]) => obus.flatMap((obu) => [bare(obu), PADDING])],
  ])('comes back whole from OBUs %s, however they are cut', (_, elementsOf) => {
    for (const room of [40, 333, 1100, 60_000]) {
      const depacketizer = new Av1Depacketizer();
      const decoder = createDecoder('av1');
      for (const chunk of CLIP) {
        const payloads = packets(elementsOf(sizedObus(chunk.data)), room, { keyframe: chunk.keyframe, counted });
        expect(payloads.map((payload) => depacketizer.beginsKeyframe(payload))).toEqual(
          payloads.map((_payload, index) => chunk.keyframe && index === 0),
        );
        const assembled = depacketizer.assemble(payloads);
        if (assembled.kind !== 'frame') throw new Error(JSON.stringify(assembled));
        expect(assembled.data).toEqual(chunk.data);
        expect(assembled.keyframe).toBe(chunk.keyframe);
        expect(decoder.decode({ ...chunk, data: assembled.data }).kind).toBe('picture');
      }
      decoder.close();
    }
  });
});

it.each(['first', 'last'] as const)('calls a unit without its %s fragment broken', (missing) => {
  const payloads = packets(sizedObus(CLIP[0]!.data).map(bare), 300, { keyframe: true, counted: true });
  expect(payloads.length).toBeGreaterThan(3);
  const rest = missing === 'first' ? payloads.slice(1) : payloads.slice(0, -1);
  expect(new Av1Depacketizer().assemble(rest).kind).toBe('broken');
});

it('has clips that begin their units with a delimiter, as decoders take them', () => {
  for (const { data } of CLIP) expect(data.subarray(0, 2)).toEqual(TEMPORAL_DELIMITER);
});

import { describe, expect, test } from 'vitest';
import { GatewayError } from '../../errors.ts';
import { FrameReader, frameHead, MAXIMUM_FRAME, MAXIMUM_HEADER, WIRE_PRELUDE, type WireFrame } from './wire.ts';

function bytesOf(header: unknown, payload: Uint8Array): Uint8Array {
  return Buffer.concat([frameHead('notice', header, payload.length), payload]);
}

const photo = Uint8Array.from({ length: 1000 }, (_, i) => i & 255);

describe('the wire', () => {
  test('gives back header and payload, however the bytes are cut', () => {
    const stream = Buffer.concat([
      bytesOf({ type: 'a', body: 'ü' }, photo),
      frameHead('ping', null, 0),
      bytesOf({ type: 'b' }, new Uint8Array(0)),
    ]);

    for (const piece of [1, 2, 3, 7, 8, 9, 500, stream.length]) {
      const reader = new FrameReader();
      const frames: WireFrame[] = [];
      for (let at = 0; at < stream.length; at += piece) frames.push(...reader.push(stream.subarray(at, at + piece)));

      expect(frames.map((frame) => frame.kind)).toEqual(['notice', 'ping', 'notice']);
      expect(frames[0]?.header).toEqual({ type: 'a', body: 'ü' });
      expect([...(frames[0]?.payload ?? [])]).toEqual([...photo]);
      expect(frames.reduce((sum, frame) => sum + frame.size, 0)).toBe(stream.length);
    }
  });

  test('refuses garbage of every kind without reading on', () => {
    const prelude = (length: number, kind: number, header: number): Buffer => {
      const bytes = Buffer.alloc(WIRE_PRELUDE);
      bytes.writeUInt32BE(length, 0);
      bytes.writeUInt8(kind, 4);
      bytes.writeUIntBE(header, 5, 3);
      return bytes;
    };
    const garbage = [
      prelude(0, 4, 0),
      prelude(MAXIMUM_FRAME + 5, 4, 0),
      prelude(0xffffffff, 4, 0),
      prelude(10, 4, 100),
      prelude(MAXIMUM_HEADER + 100, 4, MAXIMUM_HEADER + 1),
      Buffer.concat([prelude(5, 99, 0), Buffer.alloc(1)]),
      Buffer.concat([prelude(7, 4, 3), Buffer.from('{x}')]),
      Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n'),
    ];

    for (const bytes of garbage) expect(() => new FrameReader().push(bytes)).toThrow(GatewayError);
  });

  test('survives random bytes', () => {
    let state = 12345;
    const random = (): number => (state = (Math.imul(state, 1103515245) + 12345) >>> 0) >>> 16;
    for (let round = 0; round < 2000; round++) {
      const reader = new FrameReader();
      const bytes = Uint8Array.from({ length: 64 }, () => random() & (round % 2 === 0 ? 255 : 7));
      try {
        reader.push(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(GatewayError);
      }
    }
  });

  test('does not send what the other side would refuse', () => {
    expect(() => frameHead('request', null, MAXIMUM_FRAME)).toThrow(TypeError);
    expect(() => frameHead('request', 'x'.repeat(MAXIMUM_HEADER), 0)).toThrow(TypeError);
  });
});

import { H264Packetizer } from './h264/h264-packetizer.ts';
import type { Packetizer } from './packetizer.ts';
import { Vp8Packetizer } from './vp8/vp8-packetizer.ts';

/**
 * A packetizer for `codec`. `parameters` is the negotiated `a=fmtp` value: H.264's packetization mode is there (0 if not
 * named). `seed` (any integer) is where VP8's picture ids begin.
 */
export function createPacketizer(codec: 'vp8' | 'h264', parameters: string, seed: number): Packetizer {
  switch (codec) {
    case 'vp8':
      return new Vp8Packetizer(seed);
    case 'h264':
      return new H264Packetizer(/packetization-mode=1/.test(parameters) ? 1 : 0);
  }
}

/** The part of the settings that is about media: its workers, codecs and transport. */
import { z } from 'zod';
import { networkFields } from './network.ts';
import { limitsSchema, memorySchema } from './workers.ts';

const codecs = z.strictObject({
  send: z
    .array(z.enum(['vp8', 'h264', 'vp9']))
    .min(1)
    .default(['vp8', 'h264'])
    .describe('Codecs for the way back of sessions that ask for none, as their offer orders them. Default vp8, h264.'),
  hardware: z
    .enum(['off', 'nvidia', 'vaapi'])
    .default('off')
    .describe('Device that decodes and encodes what it can, software the rest (docs/codecs.md). Default off.'),
});

export const mediaSchema = z
  .strictObject({
    workers: z.int().min(1).max(64).default(1).describe('Media worker processes, 1–64. Default 1.'),
    pixelThreads: z
      .int()
      .min(1)
      .max(256)
      .nullable()
      .default(null)
      .describe('Threads for pixels in all media workers together, at most two a core. Default: two a core.'),
    transport: z
      .enum(['werift', 'libdatachannel'])
      .default('werift')
      .describe('What carries media: werift, or libdatachannel in native code (docs/transport.md). Default werift.'),
    ...networkFields,
    codecs: codecs.prefault({}),
    memory: memorySchema.prefault({}),
    limits: limitsSchema.prefault({}),
  })
  .refine(({ ice, stunServers }) => ice === 'full' || stunServers.length === 0, {
    error: 'stunServers need ice to be full',
  })
  .refine(
    ({ transport, tcp, udpMux, stunServers }) =>
      transport === 'werift' || (tcp === null && udpMux === null && stunServers.length === 0),
    {
      error:
        'tcp, udpMux and stunServers need the transport werift: libdatachannel has no TCP, always shares one port, and is ' +
        'reached at the announced addresses only',
    },
  );

import { z } from 'zod';
import { gpuSchema } from './gpu.ts';
import { mediaSchema } from './media.ts';
import { modelsSchema } from './models.ts';
import { iceServersSchema } from './network.ts';
import { roomsSchema } from './rooms.ts';

const origin = z.string().refine((text) => URL.canParse(text) && new URL(text).origin === text, {
  error: 'must be an origin such as https://studio.example.com, without a path',
});

const https = z
  .strictObject({
    enabled: z
      .boolean()
      .default(false)
      .describe('Serve https. Without a certificate of your own, one is made and kept in .cache/. Default false.'),
    certificate: z
      .string()
      .min(1)
      .nullable()
      .default(null)
      .describe('PEM file of the certificate chain. Default none.'),
    key: z.string().min(1).nullable().default(null).describe('PEM file of its private key. Default none.'),
  })
  .refine((given) => (given.certificate === null) === (given.key === null), {
    error: 'certificate and key go together: set both or neither',
  });

const sessions = z.strictObject({
  policies: z
    .array(z.enum(['never', 'when-no-face', 'always']))
    .min(1)
    .default(['never'])
    .describe('Exposure policies that a session may choose (docs/privacy.md). Default only never.'),
  labelOptional: z.boolean().default(false).describe('A session may turn the "AI MODIFIED" mark off. Default false.'),
  maximum: z
    .int()
    .min(1)
    .max(10_000)
    .nullable()
    .default(null)
    .describe('Most sessions at once, whatever they cost. Default: what the pixel threads carry by measured cost.'),
  maximumWaiting: z
    .int()
    .min(0)
    .max(400)
    .default(32)
    .describe('Most callers who may wait in line for a place when all are taken, 0–400; 0: nobody. Default 32.'),
  drainSeconds: z
    .int()
    .min(0)
    .max(86_400)
    .default(20)
    .describe('After SIGTERM sessions may go on for so long, seconds, 0–86400; new ones are refused. Default 20.'),
});

const photos = z.strictObject({
  maximumBytes: z
    .int()
    .min(1_024)
    .max(32 * 1024 * 1024)
    .default(12 * 1024 * 1024)
    .describe('Largest photo that is accepted, bytes. Default 12 MiB.'),
  maximumPixels: z
    .int()
    .min(10_000)
    .max(200_000_000)
    .default(50_000_000)
    .describe('Most pixels of a photo (width × height). Default 50 million.'),
  lifetimeMinutes: z
    .int()
    .min(1)
    .max(60)
    .default(60)
    .describe('An uploaded identity is forgotten after so long. Default 60.'),
  maximumCount: z.int().min(1).max(10_000).default(64).describe('Most uploaded identities held at once. Default 64.'),
  maximumTotalBytes: z
    .int()
    .min(1024 * 1024)
    .max(4 * 1024 * 1024 * 1024)
    .default(256 * 1024 * 1024)
    .describe('Most memory of all uploaded identities, bytes. Default 256 MiB.'),
});

const access = z.strictObject({
  secret: z
    .string()
    .min(32, { error: 'must have at least 32 characters' })
    .nullable()
    .default(null)
    .describe('Key that signs tokens (docs/access.md), 32 characters or more: everybody then needs one. Default none.'),
});

/** All settings of a gateway. Every field's description has its unit and default; unknown keys are refused. */
export const configSchema = z.strictObject({
  host: z
    .string()
    .min(1)
    .nullable()
    .default(null)
    .describe('Address to listen on. Default 127.0.0.1, this machine only; with https.enabled all addresses.'),
  port: z
    .int()
    .min(0)
    .max(65_535)
    .default(8080)
    .describe('TCP port of page, HTTP and signalling; 0 takes a free one. Default 8080.'),
  https: https.prefault({}),
  trustProxy: z
    .boolean()
    .default(false)
    .describe('Believe X-Forwarded-For and X-Forwarded-Host: only behind a proxy that sets them. Default false.'),
  origins: z
    .array(origin)
    .default([])
    .describe('Web origins that may open sessions, besides the page of this gateway itself. Default none.'),
  access: access.prefault({}),
  metrics: z
    .enum(['off', 'loopback', 'all'])
    .default('loopback')
    .describe('Who may read GET /metrics. Default only this machine.'),
  media: mediaSchema.prefault({}),
  gpu: gpuSchema
    .nullable()
    .default(null)
    .describe('GPUs and the swap networks that run on them (docs/gpu.md). Default none.'),
  models: modelsSchema.prefault({}),
  iceServers: iceServersSchema.prefault({}),
  sessions: sessions.prefault({}),
  rooms: roomsSchema.prefault({}),
  photos: photos.prefault({}),
});
/** Checked settings, defaults filled in. */
export type Config = z.infer<typeof configSchema>;

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { gpuSchema } from './config-gpu.ts';
import { limitsSchema, memorySchema } from './config-workers.ts';
import { modelsSchema } from './config-models.ts';
import { licenceMistakes, withModels } from './config-recipes.ts';
import { iceServersSchema, networkFields } from './config-network.ts';
import { roomsSchema } from './config-rooms.ts';
import { PROJECT_ROOT } from './entry.ts';
import { GatewayError } from './errors.ts';

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

const media = z
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
  media: media.prefault({}),
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

type Parse = (text: string) => unknown;

// What does not parse is passed on as it is, so that the schema names it together with all other mistakes.
const asNumber: Parse = (text) => (/^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text);
const asBoolean: Parse = (text) => ({ '1': true, true: true, '0': false, false: false })[text] ?? text;
const asText: Parse = (text) => text;
const asList: Parse = (text) =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
const asRange: Parse = (text) => {
  const [, from, to] = /^(\d+)-(\d+)$/.exec(text) ?? [];
  return from === undefined ? text : { from: Number(from), to: Number(to) };
};

/** Environment variables, with the setting that each overrides. */
export const ENVIRONMENT: Readonly<Record<string, { readonly path: readonly string[]; readonly parse: Parse }>> = {
  GUISE_HOST: { path: ['host'], parse: asText },
  GUISE_PORT: { path: ['port'], parse: asNumber },
  GUISE_HTTPS: { path: ['https', 'enabled'], parse: asBoolean },
  GUISE_TLS_CERT: { path: ['https', 'certificate'], parse: asText },
  GUISE_TLS_KEY: { path: ['https', 'key'], parse: asText },
  GUISE_TRUST_PROXY: { path: ['trustProxy'], parse: asBoolean },
  GUISE_ORIGINS: { path: ['origins'], parse: asList },
  GUISE_ACCESS_SECRET: { path: ['access', 'secret'], parse: asText },
  GUISE_METRICS: { path: ['metrics'], parse: asText },
  GUISE_MEDIA_WORKERS: { path: ['media', 'workers'], parse: asNumber },
  GUISE_PIXEL_THREADS: { path: ['media', 'pixelThreads'], parse: asNumber },
  GUISE_MEDIA_TRANSPORT: { path: ['media', 'transport'], parse: asText },
  GUISE_UDP_PORTS: { path: ['media', 'udpPorts'], parse: asRange },
  GUISE_UDP_MUX: { path: ['media', 'udpMux'], parse: asNumber },
  GUISE_TCP: { path: ['media', 'tcp'], parse: asNumber },
  GUISE_ANNOUNCE: { path: ['media', 'announce'], parse: asList },
  GUISE_ICE: { path: ['media', 'ice'], parse: asText },
  GUISE_STUN_SERVERS: { path: ['media', 'stunServers'], parse: asList },
  GUISE_MODELS: { path: ['models', 'folder'], parse: asText },
  GUISE_ALLOW_NON_COMMERCIAL: { path: ['models', 'allowNonCommercial'], parse: asBoolean },
  GUISE_ICE_SERVERS: { path: ['iceServers', 'urls'], parse: asList },
  GUISE_TURN_SECRET: { path: ['iceServers', 'secret'], parse: asText },
  GUISE_MEMORY_SOFT: { path: ['media', 'memory', 'softMegabytes'], parse: asNumber },
  GUISE_MEMORY_HARD: { path: ['media', 'memory', 'hardMegabytes'], parse: asNumber },
  GUISE_HARDWARE: { path: ['media', 'codecs', 'hardware'], parse: asText },
  GUISE_CODECS: { path: ['media', 'codecs', 'send'], parse: asList },
  GUISE_POLICIES: { path: ['sessions', 'policies'], parse: asList },
  GUISE_LABEL_OPTIONAL: { path: ['sessions', 'labelOptional'], parse: asBoolean },
  GUISE_ROOMS_REDIRECT: { path: ['rooms', 'redirect'], parse: asText },
  GUISE_ROOMS_REDIRECT_WHEN: { path: ['rooms', 'redirectWhen'], parse: asText },
  GUISE_SESSIONS: { path: ['sessions', 'maximum'], parse: asNumber },
  GUISE_DRAIN_SECONDS: { path: ['sessions', 'drainSeconds'], parse: asNumber },
};

/** A setting from outside file and environment, e.g. the command line: path and value. */
export type Override = readonly [path: readonly string[], value: unknown];

export interface ConfigSources {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Win over the environment. */
  readonly overrides?: readonly Override[];
  /** Settings file when GUISE_CONFIG names none; may be missing. Default config/guise.json of the project. */
  readonly file?: string;
}

/**
 * Settings from a JSON file, over it the environment, over it the overrides.
 * @throws GatewayError config_invalid with every mistake by its path
 */
export function loadConfig(sources: ConfigSources): Config {
  const mistakes: string[] = [];
  const given = readSettings(sources, mistakes);
  const setBy = new Map<string, string>();
  for (const [name, { path, parse }] of Object.entries(ENVIRONMENT)) {
    const text = sources.env[name];
    if (text === undefined || text === '') continue;
    put(given, path, parse(text));
    setBy.set(path.join('.'), name);
  }
  for (const [path, value] of sources.overrides ?? []) put(given, path, value);

  const checked = configSchema.safeParse(withModels(given));
  if (!checked.success) mistakes.push(...checked.error.issues.map((issue) => describe(issue, setBy)));
  else mistakes.push(...licenceMistakes(checked.data));
  if (mistakes.length > 0 || !checked.success) {
    throw new GatewayError('config_invalid', `settings must be valid:\n${mistakes.map((m) => `  - ${m}`).join('\n')}`);
  }
  return checked.data;
}

function readSettings(sources: ConfigSources, mistakes: string[]): Record<string, unknown> {
  const named = sources.env['GUISE_CONFIG'];
  const file = named ?? sources.file ?? join(PROJECT_ROOT, 'config', 'guise.json');
  try {
    const value: unknown = JSON.parse(readFileSync(file, 'utf8'));
    if (isRecord(value)) return value;
    mistakes.push(`${file}: must hold a JSON object`);
  } catch (error) {
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    if (named !== undefined || !missing) mistakes.push(`${file}: ${String(error)}`);
  }
  return {};
}

function put(target: Record<string, unknown>, path: readonly string[], value: unknown): void {
  const [key, ...rest] = path;
  if (key === undefined) return;
  if (rest.length === 0) {
    target[key] = value;
    return;
  }
  const inner = (target[key] ??= {});
  // A wrong value from the file stays, so that its mistake is named too.
  if (isRecord(inner)) put(inner, rest, value);
}

function describe(issue: z.core.$ZodIssue, setBy: ReadonlyMap<string, string>): string {
  const path = issue.path.join('.');
  const variable = [...setBy].find(([setting]) => path === setting || path.startsWith(`${setting}.`))?.[1];
  const where = path === '' ? 'settings' : path;
  return `${where}${variable === undefined ? '' : ` (${variable})`}: ${issue.message}`;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * What the gateway and a media worker say to each other, inside the frames of wire.ts. Both sides check what they get:
 * a media worker parses bytes of strangers, so the gateway does not take its word either (docs/protocol.md).
 */
import { z } from 'zod';
import { MOST_WEARERS } from '../../session/cast/cast.ts';
import { exposurePolicySchema, lookSchema, sendCodecSchema, sessionSettingsSchema } from '../../session/settings.ts';
import { STATIONS } from '../../session/statistics.ts';
import { TRANSPORTS } from '../../session/transport/transport-settings.ts';
import { consentRecordSchema, consentSchema } from '../../swap/identity/consent.ts';
import { recipeFaceSchema, recipeNameSchema } from '../../swap/neural/recipe.ts';

/** Recipes that a gateway offers at most, and bytes of what one of them takes of a photo: an RGB square of 1024. */
const MOST_RECIPES = 64;
const LARGEST_SOURCE = 3 * 1024 * 1024;

const count = z.number().nonnegative();
/** Id of a session or viewer. */
export const sessionIdSchema = z.string().regex(/^[0-9a-f]{32}$/);
const session = sessionIdSchema;
/** A prepared identity without its planes and points, which are the payload (identity-bytes.ts). */
export const identityHeadSchema = z.strictObject({
  id: z.string().min(1).max(128),
  kind: z.enum(['photo', 'mask']),
  width: z.int().min(1).max(4096),
  height: z.int().min(1).max(4096),
  consent: consentRecordSchema.optional(),
  /** What the networks of each recipe take of the photo: name, SHA-256, length in bytes. */
  sources: z
    .array(
      z.strictObject({
        recipe: recipeNameSchema,
        hash: z.string().regex(/^[0-9a-f]{64}$/),
        bytes: z.int().min(1).max(LARGEST_SOURCE),
      }),
    )
    .max(MOST_RECIPES)
    .optional(),
  /** The recogniser has looked at the photo: its embedding comes last. */
  likeness: z.boolean().optional(),
});
export type IdentityHead = z.infer<typeof identityHeadSchema>;

/** `mask:NAME`, or a head whose bytes are the payload, or nobody. */
export const identityReferenceSchema = z.union([
  z.null(),
  z.templateLiteral(['mask:', z.string().min(1).max(64)]),
  identityHeadSchema,
]);

export type IdentityReference = z.infer<typeof identityReferenceSchema>;

/** Whom one of the faces wears. */
const wearerSchema = z.strictObject({
  identity: z.union([identityReferenceSchema, z.literal('own')]),
  /** From 1 from the left, from −1 from the right. */
  position: z.int().min(-MOST_WEARERS).max(MOST_WEARERS).optional(),
  /** The likeness of whose face it is comes along. */
  likeness: z.boolean(),
});
export type WearerReference = z.infer<typeof wearerSchema>;
const wearers = z.array(wearerSchema).max(MOST_WEARERS).optional();

const ports = z.strictObject({ from: z.int(), to: z.int() });

/** How callers reach the sessions of a media worker. */
const reachSchema = z.strictObject({
  /** For sockets of a session's own; `null` = any. */
  udpPorts: ports.nullable(),
  /** Of which one is taken for all sessions, where it is wanted. */
  udpMux: ports.nullable(),
  tcp: ports.nullable(),
  /** Empty = those of the machine. */
  announce: z.array(z.string()),
  ice: z.enum(['lite', 'full']),
  /** `stun:HOST[:PORT]` */
  stunServers: z.array(z.string()),
});

/** First request to a media worker. Answered when its threads are warm and calls can come. */
export const configureSchema = z.strictObject({
  /** Threads that decode, swap and encode, at least 1. */
  pixelThreads: z.int().min(1).max(256),
  /** Sessions of other workers go on meanwhile: it starts with half of the cores. */
  gently: z.boolean(),
  transport: z.enum(TRANSPORTS),
  reach: reachSchema,
  /** Unix socket of the broker, to which pixel threads connect; null where there is none. */
  broker: z.string().min(1).max(107).nullable(),
  /** Swap networks that sessions may choose. */
  recipes: z.array(recipeFaceSchema).max(MOST_RECIPES),
  /** `send`: codecs that are sent without being asked for. `hardware`: the device that decodes and encodes. */
  codecs: z.strictObject({ send: z.array(sendCodecSchema).min(1), hardware: z.enum(['off', 'nvidia', 'vaapi']) }),
  /** What senders may send: frames and bits a second; milliseconds that decoding one may take. */
  limits: z.strictObject({ frameRate: count, bitrate: count, decodeMilliseconds: count }),
  /** Bytes and pixels of the largest photo. */
  maximumBytes: z.int().positive(),
  maximumPixels: z.int().positive(),
});
export type MediaWorkerSettings = z.infer<typeof configureSchema>;

/** What a configured media worker can do. */
export const configuredSchema = z.object({
  /** Ids of the painted masks, `mask:NAME`. */
  masks: z.array(z.string().max(128)).max(256),
  /** What a frame of 640×480 costs here, as the pixel threads have measured it. */
  frameCost: z.object({ vp8: z.number().positive(), h264: z.number().positive() }),
});

export type Configured = z.infer<typeof configuredSchema>;

/** Opens a session; payload = bytes of the identity if it is a photo's, then the same of each wearer, with the likeness behind it. */
export const openSchema = z.strictObject({
  session,
  settings: sessionSettingsSchema,
  identity: identityReferenceSchema,
  wearers,
});

/** SDP is text of a stranger: only the media worker reads it. */
export const offerSchema = z.strictObject({ session, sdp: z.string() });
export const answerSchema = z.object({ sdp: z.string().max(1024 * 1024) });

/** Opens a viewer, `session`, of another session of this worker. What it is then asked is as for any session. */
export const watchSchema = z.strictObject({ session, watched: session });

/** A fragment of trickle ICE, text of a stranger too. Answered with the fragment that a restart needs, or null. */
export const patchSchema = z.strictObject({ session, fragment: z.string() });
export const patchedSchema = z.object({
  fragment: z
    .string()
    .max(64 * 1024)
    .nullable(),
});

/** Changes settings, and identity and wearers where they are given. Answered when the pixel thread has it. */
export const changeSchema = z.strictObject({
  session,
  settings: sessionSettingsSchema,
  identity: identityReferenceSchema.optional(),
  wearers,
});

/** Body of `close` and `feed`, and of the notices `keyframe`, `unfeed`, `unfed`, `taken`, `want-keyframe`. */
export const sessionOnlySchema = z.strictObject({ session });
export const candidateSchema = z.strictObject({ session, candidate: z.string(), mid: z.string() });

/**
 * Judges a photo, the payload, and makes an identity of it; or several, where `type` says that the payload is a form
 * (multipart/form-data).
 */
export const photoSchema = z.strictObject({ consent: consentSchema, type: z.string().max(256) });
/** Payload = bytes of the identity, then those of the thumbnail (PNG). */
export const photoReplySchema = z.object({
  identity: identityHeadSchema,
  warnings: z.array(z.object({ code: z.string().max(64), message: z.string().max(500) })).max(16),
  /** Photos that were left out, by their place from 1. */
  refusals: z.array(z.object({ photo: z.int(), code: z.string().max(64), message: z.string().max(500) })).max(100),
  thumbnailBytes: z.int().nonnegative(),
});

/** The painted masks; payload = their thumbnails (PNG) one behind the other. */
export const masksReplySchema = z.object({
  masks: z
    .array(z.object({ id: z.string().max(128), title: z.string().max(128), thumbnailBytes: z.int().nonnegative() }))
    .max(256),
});

const threadHeld = z.object({ heapBytes: count, handles: count });

/** What a media worker holds now: answers `held`. */
export const heldSchema = z.object({
  residentBytes: count,
  /** Of its I/O thread, and of all pixel threads together. */
  threads: z.object({ main: threadHeld, pixels: threadHeld }),
  objects: z.object({
    sessions: count,
    viewers: count,
    /** Ends of feeds to and from other workers. */
    feeds: count,
    /** Halves of sessions in pixel threads. */
    pixelSessions: count,
    /** Pictures and codecs with native memory. */
    pictures: count,
    codecs: count,
  }),
});
export type WorkerHeld = z.infer<typeof heldSchema>;

/** Figures of a session over the last second; the way to the page is src/api/figures.ts. */
export const sessionFiguresSchema = z.object({
  fpsIn: count,
  fpsOut: count,
  width: z.int().nonnegative(),
  height: z.int().nonnegative(),
  /** Milliseconds from last packet in to last packet out. */
  latencyP50: count,
  latencyP99: count,
  /** In the last second, by `stage:reason`. */
  drops: z.record(z.string().max(64), z.int()),
  swapped: z.int(),
  reused: z.int(),
  hidden: z.int(),
  clear: z.int(),
  held: z.int(),
  /** Bits a second. */
  bitrateIn: count,
  bitrateOut: count,
  /** Milliseconds; null before the first measurement. */
  roundTrip: z.number().nullable(),
  /** How the way back is, as `WayFigures` of src/session/statistics.ts says. */
  estimate: count.nullable(),
  queue: count,
  playoutDelay: count,
  resent: count,
  lossOut: count,
  lossIn: count,
  sentWidth: z.int().nonnegative(),
  sentHeight: z.int().nonnegative(),
  frameRateLimit: count.nullable(),
  codec: sendCodecSchema,
  faces: z.int(),
  level: z.int().nonnegative(),
  /** Milliseconds of GPU workers that went into its frames. */
  gpu: count,
  /** Milliseconds of a pixel thread that one second of this session takes. */
  busy: count,
  /** The same by station. */
  stations: z.partialRecord(z.enum(STATIONS), count),
  /** Milliseconds in which the thread was really at work. */
  worked: count,
});
export type SessionFigures = z.infer<typeof sessionFiguresSchema>;

/** What a media worker tells about a session: body of the notice `session`. */
export const sessionNoticeSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('state'),
    session,
    state: z.enum(['connecting', 'connected', 'closed']),
    reason: z.string().max(200).optional(),
  }),
  z.object({ kind: z.literal('face'), session, event: z.enum(['found', 'lost']), id: z.int() }),
  z.object({ kind: z.literal('figures'), session, figures: sessionFiguresSchema }),
  /** The session is over there. */
  z.object({ kind: z.literal('failed'), session, code: z.string().max(64), message: z.string().max(500) }),
]);
export type SessionNotice = z.infer<typeof sessionNoticeSchema>;

/** What a media worker takes of the machine, told each second. */
const resourcesSchema = z.object({
  /** Resident memory. */
  residentBytes: count,
  /** Processor time of the last second, milliseconds. */
  cpu: count,
});
export type WorkerResources = z.infer<typeof resourcesSchema>;

/** All notices of a media worker. */
export const workerNoticeSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('session'), body: sessionNoticeSchema }),
  z.object({ type: z.literal('resources'), body: resourcesSchema }),
]);

/** Re-exported for the rooms above, which do not look into src/session/. */
export { consentSchema, exposurePolicySchema, lookSchema, sessionSettingsSchema };
export type { FrameCost } from '../../session/pixel.ts';
export type { ExposurePolicy, SessionSettings } from '../../session/settings.ts';

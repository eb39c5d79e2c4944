/**
 * The signalling protocol over WebSocket, `/v1/session`: one socket, one session, one JSON message a frame.
 * docs/protocol.md describes it in words. The page imports these schemas too.
 */
import { z } from 'zod';

// zod compiles its schemas where it may; the page's security policy forbids that, and says so on the console if it is tried.
z.config({ jitless: true });

/** Version of this protocol; in every `hello`. */
export const PROTOCOL_VERSION = 1;

/** Largest message that the gateway reads, bytes. An SDP offer of a browser has 5–20 kB. */
export const MAXIMUM_MESSAGE = 128 * 1024;

const policy = z.enum(['never', 'when-no-face', 'always']);
/** `mask:NAME` or the id that the photo upload gave. */
const identityId = z.string().min(1).max(128);

/** The way back. The same as SEND_CODECS, which the page must not import. */
const sendCodec = z.enum(['vp8', 'h264', 'vp9']);
/** `mesh`, or a recipe of the operator's by its name. */
const swap = z.string().min(1).max(64);

/** What a session's owner may choose. Fields left out keep their default or their value. */
const look = z.object({
  /** 0–1, default 1. */
  opacity: z.number().min(0).max(1).optional(),
  keepEyes: z.boolean().optional(),
  keepMouth: z.boolean().optional(),
  /** How much of the recipe's enhancer is taken, if it has one, 0–1, default 0.8. */
  enhance: z.number().min(0).max(1).optional(),
  /** It is run on one frame of so many, 1–8, default 3; what it added is carried over to those between. */
  enhanceEvery: z.int().min(1).max(8).optional(),
  /** How the new face takes the caller's colours. Default spread. */
  colours: z.enum(['spread', 'histogram', 'off']).optional(),
  /** How far its detail is brought to that of the picture, 0–1, default 0. */
  sharpness: z.number().min(0).max(1).optional(),
  /** What comes before the face, and is not of its skin's colour, stays before it. Default true. */
  front: z.boolean().optional(),
  /** With a recipe: the new face ends with the caller's face, not with its crop. Default false. */
  hull: z.boolean().optional(),
  /** With a recipe: how much of the caller's own mouth is kept, 0–1, default 0. */
  mouth: z.number().min(0).max(1).optional(),
  /** With a recipe: share of the crop's side that is cut off at each edge besides, 0–0.1, default 0. */
  padding: z.number().min(0).max(0.1).optional(),
  /** With a recipe: how soft the crop's edge is, 0–0.4, default 0: as the recipe has it. */
  blur: z.number().min(0).max(0.4).optional(),
});

/**
 * Which of the faces wears whom. With neither `position` nor `like`: every other face; else those wear the session's identity.
 */
const wearer = z
  .object({
    /** An id; null: the face is hidden; `own`: it is left alone, under the policy `always` only. */
    identity: identityId.nullable(),
    /** Place among the faces of the picture as it is sent: 1, 2, … or `left`, from the left; −1, … or `right`, from the right. */
    position: z.union([z.enum(['left', 'right']), z.int().min(-8).max(8)]).optional(),
    /** Id of an uploaded photo of the person whose face it is. */
    like: identityId.optional(),
  })
  .refine(({ position, like }) => position === undefined || like === undefined, { error: 'position or like, not both' })
  .refine(({ position }) => position !== 0, { error: 'positions count from 1 or −1' });
export type WearerChoice = z.infer<typeof wearer>;
const wearers = z.array(wearer).max(8).optional();

export const clientMessageSchema = z.discriminatedUnion('type', [
  /** First message: opens the session. Answered by `created`. */
  z.object({
    type: z.literal('hello'),
    version: z.int(),
    /** Who needs one: docs/access.md. */
    token: z.string().min(1).max(4096).optional(),
    identity: identityId.optional(),
    /** Default mesh. */
    swap: swap.optional(),
    policy: policy.optional(),
    /** Milliseconds, 20–500, default 66, with a recipe 80. */
    budget: z.number().min(20).max(500).optional(),
    /** Faces to swap, 0–8, default 1, or as many as `wearers` needs. */
    faces: z.int().min(0).max(8).optional(),
    label: z.boolean().optional(),
    /** Longest side, pixels. */
    maximumSide: z.int().min(160).max(1920).optional(),
    codec: sendCodec.optional(),
    /** Bits a second on the way back. */
    bitrate: z.int().min(100_000).max(20_000_000).optional(),
    look: look.optional(),
    /** Waits in line where all places are taken, instead of being refused. Default false. */
    wait: z.boolean().optional(),
    /** Default nobody besides. */
    wearers,
  }),
  /** An SDP offer. Answered by `answer`. */
  z.object({ type: z.literal('offer'), sdp: z.string().min(1) }),
  /** A trickled candidate. Not answered. */
  z.object({ type: z.literal('candidate'), candidate: z.string().max(1024), mid: z.string().max(64) }),
  /**
   * Changes the identity, look, or who of several faces wears whom, live. Answered by `changed`. `identity` null takes it away: the
   * face is hidden. `wearers` gives all parts out anew; empty: everybody wears the identity.
   */
  z.object({
    type: z.literal('change'),
    identity: identityId.nullable().optional(),
    look: look.optional(),
    wearers,
  }),
  /** Asks for a keyframe on the way back. Not answered. */
  z.object({ type: z.literal('keyframe') }),
  /** Orderly end. The gateway closes the socket. */
  z.object({ type: z.literal('bye') }),
]);
export type ClientMessage = z.infer<typeof clientMessageSchema>;

/** Figures of the last second. Latencies in milliseconds. */
export const statisticsSchema = z.object({
  fpsIn: z.number(),
  fpsOut: z.number(),
  width: z.int(),
  height: z.int(),
  /** Added latency: last packet in to last packet out, over the last second. */
  latencyP50: z.number(),
  latencyP99: z.number(),
  /** Frames given up in the last second, by `stage:reason`. */
  drops: z.record(z.string(), z.int()),
  /** Frames of the last second in which a face was swapped / hidden / none was shown. */
  swapped: z.int(),
  hidden: z.int(),
  /** In which a face wore the swap of the frame before, at its new place: while there is too much for the swap networks. */
  reused: z.int(),
  held: z.int(),
  bitrateIn: z.number(),
  bitrateOut: z.number(),
  /** Round trip, milliseconds; null before the first measurement. */
  roundTrip: z.number().nullable(),
  /** Bits a second that the way back carries; null before anything is known of it. */
  estimate: z.number().nullable(),
  /** Milliseconds that the way back needs for what waits to be sent. */
  queue: z.number(),
  /** Milliseconds that the receiver is asked to hold pictures back, so that resends are in time. */
  playoutDelay: z.number(),
  /** Packets that were sent again in the last second. */
  resent: z.int(),
  /** Fraction of packets lost in the last second, 0–1: on the way back, on the way here. */
  lossOut: z.number(),
  lossIn: z.number(),
  /** Of the picture sent last, pixels, and the most that are sent a second (null: all): less where the way carries less. */
  sentWidth: z.int(),
  sentHeight: z.int(),
  frameRateLimit: z.number().nullable(),
  /** Codec of the way back. */
  codec: sendCodec,
  faces: z.int(),
  /** How far the session is degraded while there is too much for the swap networks; 0: not at all (docs/neural.md). */
  level: z.int(),
  /** Milliseconds of GPU workers that went into the frames of the last second. */
  gpu: z.number(),
});
export type Statistics = z.infer<typeof statisticsSchema>;

/** A STUN or TURN server, in the shape of the browser's RTCIceServer. */
export const iceServerSchema = z.object({
  urls: z.array(z.string()),
  username: z.string().optional(),
  credential: z.string().optional(),
});
export type IceServer = z.infer<typeof iceServerSchema>;

export const serverMessageSchema = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('created'),
    version: z.int(),
    /** 128 random bits, hex. */
    session: z.string(),
    /** What the operator allows. */
    policies: z.array(policy),
    labelOptional: z.boolean(),
    /** The swap of this session. */
    swap,
    /** For the caller's peer connection; TURN credentials end by themselves. */
    iceServers: z.array(iceServerSchema).optional(),
  }),
  /** All places are taken: the caller is so manyth in line, from 1, and let in by itself. Said each second. */
  z.object({ type: z.literal('waiting'), position: z.int() }),
  z.object({ type: z.literal('answer'), sdp: z.string() }),
  z.object({ type: z.literal('changed'), identity: z.string().nullable() }),
  z.object({
    type: z.literal('state'),
    state: z.enum(['connecting', 'connected', 'closed']),
    reason: z.string().optional(),
  }),
  /** A face was found or lost. */
  z.object({ type: z.literal('face'), event: z.enum(['found', 'lost']), id: z.int() }),
  z.object({ type: z.literal('statistics'), figures: statisticsSchema }),
  /** How far the session is degraded has changed; 0: not at all any more. */
  z.object({ type: z.literal('degraded'), level: z.int() }),
  /** The gateway is going: the session ends in at most so many milliseconds, and can be opened anew then. */
  z.object({ type: z.literal('draining'), within: z.number() }),
  /** `fatal`: the session is over; else it goes on as before. `retry`: connect again after so many milliseconds. */
  z.object({
    type: z.literal('error'),
    code: z.string(),
    message: z.string(),
    fatal: z.boolean(),
    retry: z.number().optional(),
  }),
]);
export type ServerMessage = z.infer<typeof serverMessageSchema>;

/** `PATCH /v1/rooms/ROOM`: what is left out stays. `identity` null takes it away. */
export const roomChangeSchema = z.object({
  identity: identityId.nullable().optional(),
  look: look.optional(),
  wearers,
});

/**
 * `GET /v1/identities`: what can be picked without a photo, and this process's uploaded ones are never listed; and the swaps
 * that a session can choose.
 */
export const maskListSchema = z.object({
  masks: z.array(
    z.object({ id: z.string(), title: z.string(), /** PNG, a path on the gateway. */ thumbnail: z.string() }),
  ),
  swaps: z.array(swap),
});
export type MaskList = z.infer<typeof maskListSchema>;

/**
 * `POST /v1/identities`, body = the photo's bytes, or a form (multipart/form-data) with several of one person; header `x-guise-consent` = JSON of a Consent, URI-encoded:
 * 201 with this; 4xx with `errorBodySchema`.
 */
export const identityCreatedSchema = z.object({
  id: z.string(),
  /** What could be better about the photo. */
  warnings: z.array(z.object({ code: z.string(), message: z.string() })),
  /** How many photos it is made of. */
  photos: z.int(),
  /** Those of a form that were left out, by their place from 1. */
  refusals: z.array(z.object({ photo: z.int(), code: z.string(), message: z.string() })),
  /** PNG, a path on the gateway. */
  thumbnail: z.string(),
  /** Wall clock, ISO 8601. */
  expires: z.string(),
});
export type IdentityCreated = z.infer<typeof identityCreatedSchema>;

export const errorBodySchema = z.object({ error: z.object({ code: z.string(), message: z.string() }) });

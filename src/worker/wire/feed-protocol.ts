/**
 * How a session is watched from another media worker than its own: its worker tells the gateway of each chunk once, which
 * passes it on once to each other worker where somebody watches (docs/protocol.md).
 */
import { z } from 'zod';
import { sendCodecSchema } from '../../session/settings.ts';
import { sessionIdSchema as session } from './protocol.ts';

const word = z.int().min(0).max(0xffff_ffff);
const instant = z.number();

/** What viewers must know of a session before its first chunk: the answer to `feed`. */
export const fedSessionSchema = z.strictObject({
  codec: sendCodecSchema,
  /** Most bits a second of its pictures. */
  bitrate: z.int().positive(),
  /** Payload type of its sound, as it comes; null if it has none. */
  soundType: z.int().min(0).max(127).nullable(),
});
export type FedSessionOptions = z.infer<typeof fedSessionSchema>;

/** Opens the end of the way, in a worker where somebody is to watch. */
export const fedSchema = fedSessionSchema.extend({ session });

/** The session's media clocks at an instant of ours, ticks; NTP time of its sender, ms. Null where not known yet. */
export const clockSampleSchema = z.strictObject({
  at: instant,
  video: word.nullable(),
  audio: word.nullable(),
  ntp: instant.nullable(),
});
export type ClockSample = z.infer<typeof clockSampleSchema>;

/** Body of the notice `chunk`; payload = the chunk's bytes. */
export const fedChunkSchema = z.strictObject({
  session,
  codec: sendCodecSchema,
  timestamp: word,
  keyframe: z.boolean(),
  captureTime: z
    .strictObject({ high: word, low: word, clockOffset: z.number().optional() })
    .transform(({ clockOffset, ...time }) => (clockOffset === undefined ? time : { ...time, clockOffset }))
    .optional(),
  temporal: z
    .strictObject({
      layer: z.union([z.literal(0), z.literal(1), z.literal(2)]),
      sync: z.boolean(),
      referenced: z.boolean(),
    })
    .optional(),
  /** Of the input frame. */
  decodable: instant,
  clock: clockSampleSchema,
});
export type FedChunk = z.infer<typeof fedChunkSchema>;

/** Body of the notice `sound`; payload = the RTP packet as it came. */
export const fedSoundSchema = z.strictObject({ session, arrived: instant });

/** Notices of a media worker that belong to feeds. */
export const FEED_NOTICES: ReadonlySet<string> = new Set(['chunk', 'sound', 'taken', 'want-keyframe']);

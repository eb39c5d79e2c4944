import type { Milli } from './time.ts';

/** What can go wrong in the world, by code. A caller's own mistake is a `TypeError`, a broken promise of ours an `assert`. */

export type ErrorCode =
  // configuration and start
  | 'config_invalid'
  | 'port_in_use'
  | 'asset_missing'
  | 'asset_corrupt'
  | 'model_unsupported'
  | 'provider_unavailable'
  | 'device_lost'
  | 'mps_failed'
  | 'transport_unavailable'
  // signalling
  | 'protocol_version'
  | 'message_invalid'
  | 'message_too_large'
  | 'rate_limited'
  | 'origin_refused'
  | 'state_invalid'
  | 'offer_invalid'
  | 'no_video'
  | 'no_codec'
  | 'unsupported'
  | 'policy_not_allowed'
  | 'token_missing'
  | 'token_invalid'
  | 'forbidden'
  | 'room_taken'
  | 'precondition_failed'
  | 'media_type'
  | 'recipe_unknown'
  | 'capacity_full'
  | 'session_unknown'
  | 'identity_unknown'
  | 'worker_lost'
  | 'not_found'
  // identity photo
  | 'consent_missing'
  | 'photo_empty'
  | 'photo_too_large'
  | 'photo_unreadable'
  | 'photo_too_slow'
  | 'photo_no_face'
  | 'photo_many_faces'
  | 'photo_too_many'
  | 'photo_other_person'
  | 'photo_face_small'
  | 'photo_face_turned'
  | 'photo_dark'
  | 'photo_blurred'
  | 'photo_mouth_open'
  | 'photo_forehead_covered'
  // files
  | 'file_unreadable'
  | 'file_no_video'
  | 'file_unwritable'
  | 'ffmpeg_missing'
  // media
  | 'codec_failed'
  | 'session_failed'
  | 'picture_too_large'
  | 'frame_rate_exceeded'
  | 'bitrate_exceeded'
  | 'decode_too_slow'
  | 'closed'
  | 'timed_out'
  | 'internal';

/** The world did not do what was asked of it. `message` says what must be; `code` is for programs. */
export class GatewayError extends Error {
  override readonly name = 'GatewayError';
  readonly code: ErrorCode;
  /** When to try again, where more is known than by the code. */
  readonly retryAfter: Milli | undefined;
  constructor(code: ErrorCode, message: string, options?: { cause?: unknown; retryAfter?: Milli }) {
    super(message, options);
    this.code = code;
    this.retryAfter = options?.retryAfter;
  }
}

/** Ends a `switch` over a union: the compiler proves that no case is left out. */
export function assertNever(value: never): never {
  throw new Error(`unreachable [value:${JSON.stringify(value)}]`);
}

/** A promise of our own code. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(`assertion failed: ${message}`);
}

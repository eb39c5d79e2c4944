import type { ServerResponse } from 'node:http';
import { GatewayError, type ErrorCode } from '../../errors.ts';
import type { Milli } from '../../time.ts';

/** HTTP status of an error; codes that are not named are the request's fault (422) if they are about the photo, else ours. */
const STATUS: Partial<Record<ErrorCode, number>> = {
  message_invalid: 400,
  consent_missing: 400,
  photo_empty: 400,
  token_missing: 401,
  token_invalid: 401,
  origin_refused: 403,
  forbidden: 403,
  policy_not_allowed: 403,
  not_found: 404,
  identity_unknown: 404,
  recipe_unknown: 404,
  session_unknown: 404,
  state_invalid: 409,
  room_taken: 409,
  precondition_failed: 412,
  media_type: 415,
  offer_invalid: 400,
  no_video: 422,
  no_codec: 422,
  unsupported: 422,
  message_too_large: 413,
  photo_too_large: 413,
  picture_too_large: 413,
  photo_unreadable: 415,
  rate_limited: 429,
  capacity_full: 503,
  worker_lost: 503,
  timed_out: 503,
  closed: 503,
};

/**
 * Seconds after which what was answered with 503 may be tried again: where only a process is replaced, soon.
 * @param told what the error itself says
 */
export function retryAfter(code: ErrorCode, told?: Milli): string {
  if (told !== undefined) return String(Math.ceil(told / 1000));
  return code === 'worker_lost' ? '1' : '5';
}

/** What everything that the gateway serves carries: nothing is guessed or leaked to other sites. */
export const SAFE_HEADERS: Readonly<Record<string, string>> = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
};

/** Sends JSON, never cached. */
export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  const bytes = Buffer.from(JSON.stringify(body));
  response.writeHead(status, {
    ...SAFE_HEADERS,
    'content-type': 'application/json; charset=utf-8',
    'content-length': bytes.length,
    'cache-control': 'no-store',
  });
  response.end(bytes);
}

/** Sends an error in the shape of `errorBodySchema` (src/api/messages.ts). A fault of ours tells no details. */
export function sendError(response: ServerResponse, error: unknown): void {
  const known = error instanceof GatewayError && error.code !== 'internal' ? error : undefined;
  const code = known?.code ?? 'internal';
  const status = STATUS[code] ?? (code.startsWith('photo_') ? 422 : 500);
  if (response.headersSent) {
    response.destroy();
    return;
  }
  if (status === 401) response.setHeader('www-authenticate', 'Bearer');
  if (status === 503) response.setHeader('retry-after', retryAfter(code, known?.retryAfter));
  sendJson(response, status, { error: { code, message: known?.message ?? 'something inside went wrong' } });
}

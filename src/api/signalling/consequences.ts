/** What an error means to a caller. */
import type { ErrorCode, GatewayError } from '../../errors.ts';
import type { Milli } from '../../time.ts';
import { RETRY_WHEN_FULL } from '../../worker/supervisor/admission/place.ts';
import { RETRY_WHEN_LOST } from '../../worker/supervisor/supervisor.ts';

/** Errors after which it is worth to come back, and when. */
const RETRY: Partial<Record<ErrorCode, Milli>> = {
  capacity_full: RETRY_WHEN_FULL,
  worker_lost: RETRY_WHEN_LOST,
  timed_out: RETRY_WHEN_LOST,
  internal: RETRY_WHEN_LOST,
  closed: RETRY_WHEN_LOST,
  rate_limited: RETRY_WHEN_FULL,
};

const ENDS_SESSION: ReadonlySet<ErrorCode> = new Set(['worker_lost', 'timed_out', 'capacity_full']);

/** When it is worth to come back; undefined: it is not. */
export function retryAfter({ code, retryAfter = RETRY[code] }: GatewayError): Milli | undefined {
  return retryAfter;
}

/** Without its media worker, or a port for its media, a session is over; everything else leaves it as it was. */
export function endsSession({ code }: GatewayError): boolean {
  return ENDS_SESSION.has(code);
}

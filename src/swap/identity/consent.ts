import { z } from 'zod';
import { GatewayError } from '../../errors.ts';
import { wallClock } from '../../time.ts';
import type { Consent } from '../swap.ts';

/** How far the clock of whoever states a consent may be ahead: a day, since a date has no time zone. */
const AHEAD = 24 * 3600 * 1000;

const person = z.string().trim().min(1).max(200);

/** A consent statement as it comes from outside. */
export const consentSchema = z.object({
  /** Who is in the photo, 1–200 characters. */
  subject: person,
  /** Who states that the subject agreed, 1–200 characters. */
  grantedBy: person,
  /** ISO 8601, a date or a date with time; not in the future. */
  grantedAt: z
    .union([z.iso.datetime({ offset: true }), z.iso.date()])
    .refine((at) => Date.parse(at) <= wallClock() + AHEAD, { message: 'must not be in the future' }),
});

/** A statement as it is kept. */
export const consentRecordSchema = consentSchema.extend({
  /** Photos that it covers. Default 1. */
  photos: z.int().min(1).max(100).optional(),
});

/**
 * Checks a consent statement.
 * @throws GatewayError consent_missing; the message names the field
 */
export function readConsent(statement: unknown): Consent {
  const read = consentSchema.safeParse(statement);
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  const field = issue && issue.path.length > 0 ? ` [field:${issue.path.join('.')}]` : '';
  throw new GatewayError(
    'consent_missing',
    `a photo needs a statement of consent: who is shown (subject), who agreed (grantedBy) and when (grantedAt)${field}`,
  );
}

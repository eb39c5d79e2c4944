import { InvalidArgumentError } from 'commander';
import { z } from 'zod';
import { lookSchema, type SessionLook } from '../../session/settings.ts';

/** Fields of a look that have no option of their own, and a meaning where every picture is swapped. */
const fields = z
  .strictObject(lookSchema.shape)
  .omit({ opacity: true, keepEyes: true, keepMouth: true, enhanceEvery: true });

/** Their names. */
export const LOOK_FIELDS: readonly string[] = Object.keys(fields.shape);

/**
 * Takes `field=value` to what was said before.
 * @throws InvalidArgumentError
 */
export function readLook(text: string, before: Partial<SessionLook>): Partial<SessionLook> {
  const [name = '', value] = text.split(/=(.*)/s);
  const schema = Object.entries(fields.shape).find(([field]) => field === name)?.[1];
  if (schema === undefined || value === undefined)
    throw new InvalidArgumentError(`must be FIELD=VALUE, of ${LOOK_FIELDS.join(', ')}`);
  const read = schema.safeParse(valueOf(value));
  if (!read.success)
    throw new InvalidArgumentError(`${name}: ${read.error.issues.map(({ message }) => message).join('; ')}`);
  return { ...before, [name]: read.data };
}

/** A number or boolean as JSON has them; else the text itself. */
function valueOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

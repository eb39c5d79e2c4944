/** The part of the settings that is about rooms (docs/rooms.md). */
import { z } from 'zod';

/** Where WHIP and WHEP are sent on to, and where viewers live. */
export const roomsSchema = z.strictObject({
  redirect: z
    .url({ protocol: /^https?$/, error: 'must be an http or https URL such as https://other.example.com' })
    .nullable()
    .default(null)
    .describe('Base URL of the gateway to which WHIP and WHEP are sent on with 307. Default none.'),
  redirectWhen: z
    .enum(['full', 'always'])
    .default('full')
    .describe(
      'Whom: those for whom there is no room here (full), or everybody who opens a session (always). Default full.',
    ),
  viewersAtHome: z
    .int()
    .min(0)
    .max(10_000)
    .default(32)
    .describe(
      'Viewers of a media worker that live where their session does; further ones go where fewest are. Default 32.',
    ),
});

/** The part of the settings that says how callers reach a gateway (docs/configuration.md). */
import { z } from 'zod';

export const addressSchema = z.union([z.ipv4(), z.ipv6()], { error: 'must be an IPv4 or IPv6 address' });

const port = z.int().min(1).max(65_535);

const udpPorts = z
  .strictObject({ from: port, to: port })
  .refine((range) => range.to >= range.from, { error: '"to" must not be below "from"' });

const HOST = String.raw`(?:\[[0-9a-fA-F:.]+\]|[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?)(?::\d{1,5})?`;
const STUN = new RegExp(`^stuns?:${HOST}$`);
const TURN = new RegExp(`^turns?:${HOST}(?:\\?transport=(?:udp|tcp))?$`);

const stunServer = z.string().regex(new RegExp(`^stun:${HOST}$`), {
  error: 'must be a STUN server such as stun:stun.example.com:3478',
});

const iceUrl = z.string().refine((url) => STUN.test(url) || TURN.test(url), {
  error: 'must be stun:HOST, or turn:HOST:PORT?transport=udp (or tcp), or turns: likewise',
});

/** Of `media`: the ports and addresses of the media workers. */
export const networkFields = {
  udpPorts: udpPorts
    .nullable()
    .default(null)
    .describe('UDP ports for media, both ends included; a session takes one for each address. Default: any free port.'),
  udpMux: port
    .nullable()
    .default(null)
    .describe('One UDP port for all sessions of a media worker; each further worker takes a next one. Default none.'),
  tcp: port
    .nullable()
    .default(null)
    .describe(
      'TCP port for callers whose network lets no UDP out; each further worker takes a next one. Default none.',
    ),
  announce: z
    .array(addressSchema)
    .default([])
    .describe('IPv4 and IPv6 addresses at which browsers reach this machine. Default: those of its interfaces.'),
  ice: z
    .enum(['lite', 'full'])
    .default('lite')
    .describe('lite only answers checks; full makes its own, for a gateway behind a NAT. Default lite.'),
  stunServers: z
    .array(stunServer)
    .max(8)
    .default([])
    .describe('STUN servers that tell the gateway its address behind a NAT; only where ice is full. Default none.'),
};

/** STUN and TURN servers that callers are told to use. */
export const iceServersSchema = z
  .strictObject({
    urls: z
      .array(iceUrl)
      .max(16)
      .default([])
      .describe('STUN and TURN servers for callers, as URLs (stun:, stuns:, turn:, turns:). Default none.'),
    secret: z
      .string()
      .min(16, { error: 'must have at least 16 characters' })
      .nullable()
      .default(null)
      .describe(
        'Secret shared with the TURN servers (coturn: static-auth-secret), 16 characters or more. Default none.',
      ),
    lifetimeMinutes: z
      .int()
      .min(1)
      .max(1_440)
      .default(60)
      .describe(
        'How long TURN credentials that a caller was given can be used to connect, 1–1440 minutes. Default 60.',
      ),
  })
  .refine(({ urls, secret }) => secret !== null || urls.every((url) => !url.startsWith('turn')), {
    error: 'TURN servers need the secret that is shared with them (GUISE_TURN_SECRET)',
  });
export type IceServerSettings = z.infer<typeof iceServersSchema>;

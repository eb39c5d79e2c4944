import { claimsSchema, signToken } from '../api/access/token.ts';
import { loadConfig } from '../config/load.ts';
import { GatewayError } from '../errors.ts';
import type { Terminal } from './terminal.ts';

/** `guise token`, as it was asked for. */
export interface TokenCommand {
  readonly grant: readonly string[];
  readonly room?: string;
  readonly for?: string;
  readonly identity?: string;
  readonly policy?: readonly string[];
  readonly maximumSide?: number;
  /** Seconds. */
  readonly expires: number;
}

/** Prints a token for the gateway of this configuration. @throws GatewayError config_invalid */
export async function printToken(command: TokenCommand, terminal: Terminal): Promise<void> {
  const { secret } = loadConfig({ env: process.env }).access;
  if (secret === null) {
    throw new GatewayError('config_invalid', 'access.secret (GUISE_ACCESS_SECRET) must be set, as for the gateway');
  }
  const { grant: grants, policy: policies, room, for: sub, identity, maximumSide, expires } = command;
  const claims = claimsSchema.safeParse({ grants, policies, room, sub, identity, maximumSide });
  if (!claims.success) {
    const wrong = claims.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ');
    throw new GatewayError('config_invalid', `a token must have valid claims: ${wrong}`);
  }
  terminal.out.write(`${await signToken(claims.data, { secret, lifetime: expires })}\n`);
}

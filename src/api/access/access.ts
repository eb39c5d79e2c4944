import type { IncomingMessage } from 'node:http';
import { GatewayError } from '../../errors.ts';
import { isLoopback } from '../http/origin.ts';
import { readToken, type Claims, type Grant } from './token.ts';

/** Longest token that is looked at, characters. */
const MAXIMUM_TOKEN = 4096;

export interface AccessOptions {
  /** Key of the tokens; `null`: nobody has one. */
  readonly secret: string | null;
  /** Requests of this machine need no token. Never where a proxy is trusted: all of its requests come from there. */
  readonly openToLoopback: boolean;
}

/** What the bearer of a token may do; everything for who needs none. */
export class Permit {
  /** `undefined`: nothing is limited beyond what the operator allows everybody. */
  readonly #claims: Claims | undefined;

  constructor(claims?: Claims) {
    this.#claims = claims;
  }

  /** The identity that must be worn. */
  get identity(): string | undefined {
    return this.#claims?.identity;
  }

  /** The room that it is for. */
  get room(): string | undefined {
    return this.#claims?.room;
  }

  /** Whom the token was made for. */
  get subject(): string | undefined {
    return this.#claims?.sub;
  }

  get policies(): Claims['policies'] {
    return this.#claims?.policies;
  }

  get tier(): string | undefined {
    return this.#claims?.tier;
  }

  get tenant(): string | undefined {
    return this.#claims?.tenant;
  }

  get maximumSide(): number | undefined {
    return this.#claims?.maximumSide;
  }

  /** @throws GatewayError forbidden unless one of these is granted */
  require(...grants: readonly Grant[]): void {
    const granted = this.#claims?.grants;
    if (granted === undefined || grants.some((grant) => granted.includes(grant))) return;
    throw new GatewayError('forbidden', `the token must grant ${grants.join(' or ')}`);
  }

  /** @throws GatewayError forbidden if the token is for another room */
  requireRoom(room: string): void {
    const own = this.#claims?.room;
    if (this.#claims === undefined || own === room) return;
    throw new GatewayError('forbidden', 'the token must be for this room');
  }
}

/**
 * Who may use the gateway: whoever has a token signed with its secret. Without a secret, this machine alone, since there
 * a stranger is not expected.
 */
export class Access {
  readonly #options: AccessOptions;

  constructor(options: AccessOptions) {
    this.#options = options;
  }

  /**
   * What the sender of this request may do.
   * @param token of a message; left out: that of the header `Authorization: Bearer …`. Never one of the query, which ends up in logs
   * @throws GatewayError token_missing, token_invalid
   */
  async permit(request: IncomingMessage, token: string | undefined = bearerOf(request)): Promise<Permit> {
    const { secret, openToLoopback } = this.#options;
    if (token === undefined || secret === null) {
      if (openToLoopback && isOfThisMachine(request)) return new Permit();
      throw new GatewayError('token_missing', 'a token must come with the request (docs/access.md)');
    }
    if (token.length > MAXIMUM_TOKEN)
      throw new GatewayError('token_invalid', `a token must have at most ${MAXIMUM_TOKEN} characters`);
    return new Permit(await readToken(token, secret));
  }
}

/** What a proxy has passed on is of somebody else, wherever the proxy runs. */
function isOfThisMachine({ socket, headers }: IncomingMessage): boolean {
  const passedOn = headers['x-forwarded-for'] !== undefined || headers.forwarded !== undefined;
  return !passedOn && isLoopback(socket.remoteAddress ?? '');
}

function bearerOf({ headers }: IncomingMessage): string | undefined {
  return /^Bearer +(\S+) *$/i.exec(headers.authorization ?? '')?.[1];
}

import { errors, jwtVerify, SignJWT } from 'jose';
import { z } from 'zod';
import { GatewayError } from '../../errors.ts';
import { exposurePolicySchema } from '../../worker/wire/protocol.ts';

/** What a token lets its bearer do: open a session, watch one, change one. */
export const GRANTS = ['publish', 'view', 'control'] as const;
export type Grant = (typeof GRANTS)[number];

/** HS256 alone: a token that names another algorithm, or none, is refused. */
const ALGORITHM = 'HS256';

/** The claims of a token besides its times (docs/access.md). What is left out is not limited further than the gateway is. */
export const claimsSchema = z.object({
  grants: z.array(z.enum(GRANTS)).min(1),
  /** Name of the session, for those who publish into it, watch and change it. */
  room: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,64}$/, { error: 'must have 1–64 letters, digits, - or _' })
    .optional(),
  /** Whom the token was made for (RFC 7519 §4.1.2). */
  sub: z.string().min(1).max(128).optional(),
  /** The identity that is worn, whatever the caller asks for. */
  identity: z.string().min(1).max(128).optional(),
  /** Exposure policies that may be chosen, of those that the operator allows. */
  policies: z.array(exposurePolicySchema).min(1).optional(),
  /** Tier of its sessions at the swap networks, of those that the operator has configured; and whose they are together. */
  tier: z.string().min(1).max(64).optional(),
  tenant: z.string().min(1).max(128).optional(),
  /** Longest side of a picture, pixels, 160–1920. */
  maximumSide: z.int().min(160).max(1920).optional(),
});
export type Claims = z.infer<typeof claimsSchema>;

/**
 * Signs a token.
 * @param lifetime seconds from now on
 * @throws TypeError if a claim is out of range
 */
export function signToken(
  claims: Claims,
  options: { readonly secret: string; readonly lifetime: number },
): Promise<string> {
  const { secret, lifetime } = options;
  const checked = claimsSchema.safeParse(claims);
  if (!checked.success) throw new TypeError(z.prettifyError(checked.error));
  if (!(lifetime > 0)) throw new TypeError(`lifetime must be positive [lifetime:${lifetime}]`);
  return new SignJWT({ ...checked.data })
    .setProtectedHeader({ alg: ALGORITHM })
    .setIssuedAt()
    .setExpirationTime(`${Math.ceil(lifetime)}s`)
    .sign(keyOf(secret));
}

/** Checks signature, times and claims. @throws GatewayError token_invalid, without a word about the token's content */
export async function readToken(token: string, secret: string): Promise<Claims> {
  try {
    const { payload } = await jwtVerify(token, keyOf(secret), { algorithms: [ALGORITHM], requiredClaims: ['exp'] });
    return claimsSchema.parse(payload);
  } catch (cause) {
    throw new GatewayError('token_invalid', `the token must ${whatIsWrong(cause)}`, { cause });
  }
}

function whatIsWrong(cause: unknown): string {
  if (cause instanceof errors.JWTExpired) return 'not be expired; ask for a new one';
  if (cause instanceof errors.JWTClaimValidationFailed) return `have a valid claim [claim:${cause.claim}]`;
  if (cause instanceof z.ZodError) return `have valid claims [claim:${cause.issues[0]?.path.join('.') ?? ''}]`;
  return 'be signed with the secret of this gateway (access.secret)';
}

function keyOf(secret: string): Uint8Array {
  return new TextEncoder().encode(secret);
}

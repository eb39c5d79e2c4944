import {
  errorBodySchema,
  identityCreatedSchema,
  maskListSchema,
  type IdentityCreated,
  type MaskList,
} from '../../../src/api/messages.ts';

/** Who agreed to be shown; goes with the photo. */
export interface ConsentStatement {
  readonly subject: string;
  readonly grantedBy: string;
  /** ISO 8601. */
  readonly grantedAt: string;
}

/** Where the gateway is, and the token that it asks for. */
export interface GatewayDoor {
  readonly gateway: URL;
  readonly token: string | undefined;
}

/** What the gateway said no with. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError';
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** What can be chosen: the painted masks, and what swaps faces. */
export async function listChoices(gateway: URL): Promise<MaskList> {
  const response = await fetch(new URL('/v1/identities', gateway));
  return maskListSchema.parse(await response.json());
}

/** Uploads a photo with its consent statement; `token` where the gateway asks for one. @throws RefusedError with the gateway's code and advice */
export async function uploadPhoto(
  { gateway, token }: GatewayDoor,
  photo: Blob,
  consent: ConsentStatement,
): Promise<IdentityCreated> {
  const response = await fetch(new URL('/v1/identities', gateway), {
    method: 'POST',
    headers: {
      'x-guise-consent': encodeURIComponent(JSON.stringify(consent)),
      'content-type': photo.type,
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    },
    body: photo,
  });
  const body: unknown = await response.json().catch(() => undefined);
  if (response.ok) return identityCreatedSchema.parse(body);
  const refused = errorBodySchema.safeParse(body);
  if (refused.success) throw new RefusedError(refused.data.error.code, refused.data.error.message);
  throw new RefusedError('unavailable', `The gateway did not take the photo (${response.status}).`);
}

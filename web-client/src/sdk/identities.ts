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

/** Uploads a photo, or several of one person, with the consent statement that covers them; `token` where the gateway asks for one. @throws RefusedError with the gateway's code and advice */
export async function uploadPhoto(
  { gateway, token }: GatewayDoor,
  photo: Blob | readonly Blob[],
  consent: ConsentStatement,
): Promise<IdentityCreated> {
  const body = bodyOf(photo);
  const response = await fetch(new URL('/v1/identities', gateway), {
    method: 'POST',
    headers: {
      'x-guise-consent': encodeURIComponent(JSON.stringify(consent)),
      // Of a form the browser says it itself, with the boundary that it has chosen.
      ...(body instanceof Blob && { 'content-type': body.type }),
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    },
    body,
  });
  const answer: unknown = await response.json().catch(() => undefined);
  if (response.ok) return identityCreatedSchema.parse(answer);
  const refused = errorBodySchema.safeParse(answer);
  if (refused.success) throw new RefusedError(refused.data.error.code, refused.data.error.message);
  throw new RefusedError('unavailable', `The gateway did not take the photo (${response.status}).`);
}

function bodyOf(photo: Blob | readonly Blob[]): Blob | FormData {
  if (photo instanceof Blob) return photo;
  const [only, ...others] = photo;
  if (only !== undefined && others.length === 0) return only;
  const form = new FormData();
  for (const one of photo) form.append('photo', one);
  return form;
}

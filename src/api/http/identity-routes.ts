import type { IncomingMessage, ServerResponse } from 'node:http';
import { GatewayError } from '../../errors.ts';
import { wallClock, type Clock, type Milli } from '../../time.ts';
import type { Supervisor } from '../../worker/supervisor/supervisor.ts';
import { isForm } from '../../worker/threads/uploaded-photos.ts';
import { consentSchema } from '../../worker/wire/protocol.ts';
import type { IdentityCreated, MaskList } from '../messages.ts';
import type { Access } from '../access/access.ts';
import { isOriginAllowed, type OriginRule } from './origin.ts';
import type { IdentityStore, StoredIdentity } from './identity-store.ts';
import { readPhoto } from './read-photo.ts';
import { SAFE_HEADERS, sendError, sendJson } from './respond.ts';

/** Photos that are received or judged at the same time; each may hold tens of megabytes. */
const MAXIMUM_UPLOADS = 4;
/** Characters of a content type that are looked at. */
const LONGEST_TYPE = 256;
/** Bytes of a form with several photos, unless one may be larger: what is under way together must not choke a media worker's wire. */
const LARGEST_FORM = 20 * 1024 * 1024;
const ROUTE = '/v1/identities';

export interface IdentityRoutesOptions {
  readonly supervisor: Pick<Supervisor, 'masks' | 'judgePhoto'>;
  readonly store: IdentityStore;
  readonly maximumPhotoBytes: number;
  /** What a session may choose to be swapped by. */
  readonly swaps: readonly string[];
  readonly origins: OriginRule;
  readonly access: Access;
  readonly clock: Clock;
}

/** `/v1/identities`: the masks, and photos that become identities (docs/protocol.md). */
export class IdentityRoutes {
  readonly #options: IdentityRoutesOptions;
  #uploads = 0;

  constructor(options: IdentityRoutesOptions) {
    this.#options = options;
  }

  /** Answers the request if it is for this route; else false. */
  answer(request: IncomingMessage, response: ServerResponse, path: string): boolean {
    if (path !== ROUTE && !path.startsWith(`${ROUTE}/`)) return false;
    this.#route(request, response, path).catch((error: unknown) => {
      // What of the body has not been read is of no use any more.
      request.resume();
      sendError(response, error);
    });
    return true;
  }

  async #route(request: IncomingMessage, response: ServerResponse, path: string): Promise<void> {
    const { method } = request;
    this.#shareWith(request, response);
    if (method === 'OPTIONS') return this.#preflight(response);
    if (method !== 'GET' && method !== 'HEAD' && !isOriginAllowed(request, this.#options.origins)) {
      throw new GatewayError('origin_refused', 'the page must be one that the operator allows (GUISE_ORIGINS)');
    }
    // Masks are no secret, and who knows the id of a photo may see it; a page's <img> has no token to show.
    if (method === 'POST' || method === 'DELETE') {
      (await this.#options.access.permit(request)).require('publish', 'control');
    }
    const [id, part, rest] = path.slice(ROUTE.length + 1).split('/');
    if (path === ROUTE && method === 'GET') return this.#list(response);
    if (path === ROUTE && method === 'POST') return this.#create(request, response);
    if (id !== undefined && part === undefined && method === 'DELETE') return this.#delete(response, id);
    if (id !== undefined && part === 'thumbnail' && rest === undefined && method === 'GET') {
      return this.#thumbnail(response, decode(id));
    }
    throw new GatewayError('not_found', 'the path and method must be ones of docs/protocol.md');
  }

  // Pages of origins that the operator named lie elsewhere, so their browsers ask whether they may (Fetch, CORS).
  #shareWith(request: IncomingMessage, response: ServerResponse): void {
    const { origin } = request.headers;
    response.setHeader('vary', 'origin');
    if (origin === undefined || !this.#options.origins.origins.includes(origin)) return;
    response.setHeader('access-control-allow-origin', origin);
    response.setHeader('access-control-allow-methods', 'GET, POST, DELETE');
    response.setHeader('access-control-allow-headers', 'authorization, content-type, x-guise-consent');
    response.setHeader('access-control-max-age', '600');
  }

  #preflight(response: ServerResponse): void {
    response.writeHead(204, SAFE_HEADERS);
    response.end();
  }

  async #list(response: ServerResponse): Promise<void> {
    const masks = (await this.#options.supervisor.masks()).map(({ id, title }) => ({
      id,
      title,
      thumbnail: thumbnailPath(id),
    }));
    sendJson(response, 200, { masks, swaps: [...this.#options.swaps] } satisfies MaskList);
  }

  async #create(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { store, supervisor, maximumPhotoBytes } = this.#options;
    const consent = consentOf(request);
    if (this.#uploads >= MAXIMUM_UPLOADS || !store.hasRoom) {
      throw new GatewayError('capacity_full', 'there must be room for another identity; try again later');
    }
    this.#uploads++;
    const type = (request.headers['content-type'] ?? '').slice(0, LONGEST_TYPE);
    const most = isForm(type) ? Math.max(maximumPhotoBytes, LARGEST_FORM) : maximumPhotoBytes;
    try {
      const photo = await readPhoto(request, most);
      const stored = store.add(await supervisor.judgePhoto(photo, consent, type));
      response.setHeader('location', `${ROUTE}/${stored.id}`);
      sendJson(response, 201, this.#created(stored));
    } finally {
      this.#uploads--;
    }
  }

  #created({ id, identity, warnings, refusals, expires }: StoredIdentity): IdentityCreated {
    const left: Milli = expires - this.#options.clock.now();
    return {
      id,
      warnings: warnings.map(({ code, message }) => ({ code, message })),
      photos: identity.head.consent?.photos ?? 1,
      refusals: refusals.map(({ photo, code, message }) => ({ photo, code, message })),
      thumbnail: thumbnailPath(id),
      expires: new Date(wallClock() + left).toISOString(),
    };
  }

  async #delete(response: ServerResponse, id: string): Promise<void> {
    if (!this.#options.store.delete(id)) throw new GatewayError('identity_unknown', 'the identity must be there');
    response.writeHead(204, SAFE_HEADERS);
    response.end();
    return Promise.resolve();
  }

  async #thumbnail(response: ServerResponse, id: string): Promise<void> {
    const mask = id.startsWith('mask:')
      ? (await this.#options.supervisor.masks()).find((known) => known.id === id)
      : undefined;
    const { thumbnail } = mask ?? this.#options.store.get(id);
    response.writeHead(200, {
      ...SAFE_HEADERS,
      // An <img> of a page that lies elsewhere says no origin; who knows the id may see the picture.
      ...(this.#options.origins.origins.length > 0 ? { 'cross-origin-resource-policy': 'cross-origin' } : {}),
      'content-type': 'image/png',
      'content-length': thumbnail.length,
      // A photo's thumbnail must go with the photo, so nobody on the way may keep it.
      'cache-control': mask === undefined ? 'private, no-store' : 'no-cache',
    });
    response.end(thumbnail);
  }
}

function thumbnailPath(id: string): string {
  return `${ROUTE}/${encodeURIComponent(id)}/thumbnail`;
}

function decode(id: string): string {
  try {
    return decodeURIComponent(id);
  } catch (cause) {
    throw new GatewayError('not_found', 'the id must be URI-encoded', { cause });
  }
}

function consentOf(request: IncomingMessage): { subject: string; grantedBy: string; grantedAt: string } {
  const header = request.headers['x-guise-consent'];
  try {
    return consentSchema.parse(JSON.parse(decodeURIComponent(String(header))));
  } catch (cause) {
    throw new GatewayError(
      'consent_missing',
      'header x-guise-consent must say who is shown (subject), who agreed (grantedBy) and when (grantedAt, ISO 8601)',
      { cause },
    );
  }
}

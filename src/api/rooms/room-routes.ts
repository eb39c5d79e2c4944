/**
 * WHIP (RFC 9725) and WHEP (draft-ietf-wish-whep) at `/whip/ROOM` and `/whep/ROOM`, and the rooms themselves at
 * `/v1/rooms/ROOM` (docs/rooms.md). Bodies are SDP of strangers and go through unread.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import type { IceServerSettings } from '../../config/network.ts';
import { GatewayError } from '../../errors.ts';
import { wallClock } from '../../time.ts';
import type { ChosenCast, ChosenIdentity } from '../../worker/wire/cast-bytes.ts';
import type { Supervisor } from '../../worker/supervisor/supervisor.ts';
import { sessionSettingsSchema, type SessionSettings } from '../../worker/wire/protocol.ts';
import type { Access, Permit } from '../access/access.ts';
import type { IdentityStore } from '../http/identity-store.ts';
import { isOriginAllowed, type OriginRule } from '../http/origin.ts';
import { readText } from '../http/read-text.ts';
import { SAFE_HEADERS, sendError, sendJson } from '../http/respond.ts';
import { MAXIMUM_MESSAGE, roomChangeSchema, type WearerChoice } from '../messages.ts';
import { identityFor, limitedBy, settingsFor, withLook, type Allowed } from '../choices/choices.ts';
import { wearersFor } from '../choices/wearers.ts';
import { iceServersFor } from '../signalling/ice-servers.ts';
import { linksOf } from './ice-links.ts';
import type { Publisher, Worn } from './room-memory.ts';
import type { Publishing, Resource, Rooms } from './rooms.ts';

const SDP = 'application/sdp';
const FRAGMENT = 'application/trickle-ice-sdpfrag';
const PATH = /^\/(whip|whep|v1\/rooms)\/([A-Za-z0-9_-]{1,64})(?:\/([0-9a-f]{32}))?$/;
/** Three temporal layers, so that viewers with less bandwidth can be given fewer pictures. */
const LAYERS = 3;

const querySchema = z.object({
  /** Who is worn, unless the token says so. */
  identity: z.string().min(1).max(128).optional(),
  /** What viewers get. */
  codec: z.enum(['vp8', 'h264', 'vp9']).optional(),
  /** What swaps the face: mesh, or a recipe of the operator's. */
  swap: z.string().min(1).max(64).optional(),
  /** How many faces are swapped: as many as are to wear somebody of their own. */
  faces: z.coerce.number().pipe(sessionSettingsSchema.shape.faces.removeDefault()).optional(),
  /** From decodable to sent, milliseconds: a broadcast may take longer than a call, and fewer frames come too late. */
  budget: z.coerce.number().pipe(sessionSettingsSchema.shape.budget.removeDefault()).optional(),
});

export interface RoomRoutesOptions {
  readonly rooms: Rooms;
  readonly access: Access;
  readonly supervisor: Pick<Supervisor, 'maskIds'>;
  readonly store: IdentityStore;
  readonly allowed: Allowed;
  readonly iceServers: IceServerSettings;
  readonly origins: OriginRule;
  readonly redirect: RedirectRule;
}

/** Who is sent on to another gateway. */
export interface RedirectRule {
  /** Its base URL; null if there is none. */
  readonly redirect: string | null;
  readonly redirectWhen: 'full' | 'always';
}

/** What a request is for. */
interface Asked {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly kind: string;
  readonly room: string;
  readonly id: string | undefined;
}

export class RoomRoutes {
  readonly #options: RoomRoutesOptions;

  constructor(options: RoomRoutesOptions) {
    this.#options = options;
  }

  /** Answers the request if it is for these routes; else false. */
  answer(request: IncomingMessage, response: ServerResponse, path: string): boolean {
    const [, kind, room = '', id] = PATH.exec(path) ?? [];
    if (kind === undefined) return false;
    this.#route({ request, response, kind, room, id }).catch((error: unknown) => {
      // What of the body has not been read is of no use any more.
      request.resume();
      sendError(response, error);
    });
    return true;
  }

  async #route(asked: Asked): Promise<void> {
    const { request, response, kind, id } = asked;
    this.#shareWith(request, response);
    if (request.method === 'OPTIONS') return this.#preflight(response);
    if (!isOriginAllowed(request, this.#options.origins)) {
      throw new GatewayError('origin_refused', 'the page must be one that the operator allows (GUISE_ORIGINS)');
    }
    const permit = await this.#options.access.permit(request);
    permit.requireRoom(asked.room);
    if (kind === 'v1/rooms') return this.#room(asked, permit);
    permit.require(kind === 'whip' ? 'publish' : 'view');
    switch (request.method) {
      case 'GET':
      case 'HEAD':
        return this.#nothing(response, 204);
      case 'POST':
        if (id === undefined) return this.#openOrSendOn(asked, permit);
        break;
      case 'PATCH':
        if (id !== undefined) return this.#patch(asked, this.#find(asked));
        break;
      case 'DELETE':
        if (id === undefined) break;
        await this.#options.rooms.leave(this.#find(asked));
        return this.#nothing(response, 200);
      default:
    }
    throw new GatewayError('not_found', 'the path and method must be ones of docs/rooms.md');
  }

  // Pages that the operator allows lie elsewhere, so their browsers ask whether they may, and see only what is named.
  #shareWith(request: IncomingMessage, response: ServerResponse): void {
    const { origin } = request.headers;
    response.setHeader('vary', 'origin');
    if (origin === undefined || !isOriginAllowed(request, this.#options.origins)) return;
    response.setHeader('access-control-allow-origin', origin);
    response.setHeader('access-control-allow-methods', 'OPTIONS, GET, POST, PATCH, DELETE');
    // Eyevinn's client trickles if it may read that PATCH is allowed, and names the session by `ETag`.
    response.setHeader('access-control-allow-headers', 'authorization, content-type, if-match, etag');
    response.setHeader(
      'access-control-expose-headers',
      'location, etag, link, accept-patch, retry-after, access-control-allow-methods',
    );
    response.setHeader('access-control-max-age', '600');
  }

  #preflight(response: ServerResponse): void {
    response.setHeader('accept-post', SDP);
    response.setHeader('accept-patch', FRAGMENT);
    this.#nothing(response, 204);
  }

  /** Who is to be served elsewhere, or cannot be here, is sent on (RFC 9725 §4.5: by 307 alone). */
  async #openOrSendOn(asked: Asked, permit: Permit): Promise<void> {
    const { redirect, redirectWhen } = this.#options.redirect;
    if (redirect === null) return this.#open(asked, permit);
    if (redirectWhen === 'always') return this.#sendOn(asked, redirect);
    try {
      await this.#open(asked, permit);
    } catch (error) {
      // The room of a publisher who has been sent on is there too.
      const elsewhere = ['capacity_full', ...(asked.kind === 'whep' ? ['session_unknown'] : [])];
      if (!(error instanceof GatewayError) || !elsewhere.includes(error.code)) throw error;
      this.#sendOn(asked, redirect);
    }
  }

  #sendOn({ request, response, kind, room }: Asked, base: string): void {
    request.resume();
    const { search } = new URL(request.url ?? '/', 'http://gateway');
    response.setHeader('location', `${base.replace(/\/+$/, '')}/${kind}/${room}${search}`);
    this.#nothing(response, 307);
  }

  async #open({ request, response, kind, room }: Asked, permit: Permit): Promise<void> {
    requireType(request, SDP);
    const offer = await readText(request, MAXIMUM_MESSAGE);
    const { rooms } = this.#options;
    const { resource, answer } =
      kind === 'whip'
        ? await rooms.publish(room, offer, this.#wanted(request, room, permit))
        : await rooms.watch(room, offer);
    const { id } = resource.session;
    const links = linksOf(iceServersFor(id, this.#options.iceServers, wallClock()));
    if (links.length > 0) response.setHeader('link', links);
    response.setHeader('location', `/${kind}/${room}/${id}`);
    response.setHeader('etag', etagOf(resource));
    response.setHeader('accept-patch', FRAGMENT);
    this.#text(response, 201, { type: SDP, text: answer });
  }

  /** Who is worn and how; the policy is the token's and the operator's alone. */
  #wanted(request: IncomingMessage, room: string, permit: Permit): Publishing {
    const { allowed } = this.#options;
    const query = querySchema.safeParse(Object.fromEntries(new URL(request.url ?? '/', 'http://gateway').searchParams));
    if (!query.success) {
      const [issue] = query.error.issues;
      throw new GatewayError('message_invalid', `${issue?.path.join('.') ?? 'query'}: ${issue?.message ?? ''}`);
    }
    const { codec = 'vp8', identity: asked, swap, faces, budget } = query.data;
    const publisher = { subject: permit.subject, asked: permit.identity ?? asked ?? null };
    const settings: SessionSettings = {
      ...settingsFor({ type: 'hello', version: 1, codec, swap, faces, budget }, limitedBy(allowed, permit)),
      watched: true,
      temporalLayers: codec === 'h264' ? 1 : LAYERS,
    };
    const worn = this.#options.rooms.memory.recall(room, publisher);
    const looking = withLook(settings, worn?.look);
    return { publisher, settings: looking, ...this.#putOn(publisher, worn, looking) };
  }

  /** Who was worn before the fault, unless that identity has been forgotten meanwhile; else who is asked for. */
  #putOn(
    { asked }: Publisher,
    worn: Worn | undefined,
    settings: SessionSettings,
  ): Pick<Publishing, 'identity' | 'wearers' | 'chosen'> {
    if (worn !== undefined) {
      const { identity, wearers } = worn;
      try {
        const chosen = { identity: this.#identityOf(identity), wearers: this.#wearersOf(wearers, settings) };
        return { identity, wearers, chosen };
      } catch (error) {
        if (!(error instanceof GatewayError)) throw error;
        // Of wearers one that is missing hides all faces, until they are chosen anew.
        const hidden = wearers.length > 0 ? [{ identity: null }] : [];
        return { identity: asked, wearers: hidden, chosen: { identity: this.#identityOf(asked), wearers: hidden } };
      }
    }
    return { identity: asked, wearers: [], chosen: { identity: this.#identityOf(asked) } };
  }

  /** @throws GatewayError as wearersFor */
  #wearersOf(wearers: readonly WearerChoice[], settings: SessionSettings): NonNullable<ChosenCast['wearers']> {
    return wearersFor(wearers, settings, (id) => this.#identityOf(id));
  }

  /** @throws GatewayError identity_unknown */
  #identityOf(id: string | null): ChosenIdentity {
    const { store, supervisor } = this.#options;
    return id === null ? null : identityFor(id, { store, masks: supervisor.maskIds });
  }

  async #patch({ request, response }: Asked, resource: Resource): Promise<void> {
    requireType(request, FRAGMENT);
    const wanted = request.headers['if-match'];
    // Clients that only trickle leave it out, or send the tag under another name: there is one generation to mean.
    if (wanted !== undefined && wanted !== '*' && wanted !== etagOf(resource)) {
      throw new GatewayError('precondition_failed', 'If-Match must name the ICE session as it is now, or be *');
    }
    const fragment = await resource.session.patch(await readText(request, MAXIMUM_MESSAGE));
    if (fragment === null) return this.#nothing(response, 204);
    resource.generation++;
    response.setHeader('etag', etagOf(resource));
    this.#text(response, 200, { type: FRAGMENT, text: fragment });
  }

  async #room({ request, response, room, id }: Asked, permit: Permit): Promise<void> {
    const { rooms } = this.#options;
    if (id !== undefined || (request.method !== 'GET' && request.method !== 'PATCH')) {
      throw new GatewayError('not_found', 'the path and method must be ones of docs/rooms.md');
    }
    permit.require('control');
    if (request.method === 'PATCH') {
      const { identity, look, wearers } = readChange(await readText(request, MAXIMUM_MESSAGE));
      await rooms.change(room, look, (settings) => ({
        ...{ identity, wearers },
        chosen: {
          identity: identity === undefined ? undefined : this.#identityOf(identity),
          wearers: wearers && this.#wearersOf(wearers, settings),
        },
      }));
    }
    sendJson(response, 200, rooms.state(room));
  }

  #find({ kind, room, id = '' }: Asked): Resource {
    return this.#options.rooms.find(kind === 'whip' ? 'whip' : 'whep', room, id);
  }

  #nothing(response: ServerResponse, status: number): void {
    response.writeHead(status, { ...SAFE_HEADERS, 'cache-control': 'no-store' });
    response.end();
  }

  #text(
    response: ServerResponse,
    status: number,
    { type, text }: { readonly type: string; readonly text: string },
  ): void {
    response.writeHead(status, { ...SAFE_HEADERS, 'content-type': type, 'cache-control': 'no-store' });
    response.end(text);
  }
}

/** Names the session and its ICE generation. */
function etagOf({ session, generation }: Resource): string {
  return `"${session.id.slice(0, 8)}-${generation}"`;
}

function requireType({ headers }: IncomingMessage, type: string): void {
  if (headers['content-type']?.split(';')[0]?.trim().toLowerCase() === type) return;
  throw new GatewayError('media_type', `the body must be ${type}`);
}

function readChange(text: string): z.infer<typeof roomChangeSchema> {
  try {
    return roomChangeSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new GatewayError('message_invalid', 'the body must be {"identity"?, "look"?, "wearers"?} in JSON', { cause });
  }
}

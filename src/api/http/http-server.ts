import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { GatewayError } from '../../errors.ts';
import type { Logger } from '../../log.ts';
import type { Supervisor } from '../../worker/supervisor/supervisor.ts';
import type { BrokerHost } from '../../worker/broker-host/broker-host.ts';
import type { RoomRoutes } from '../rooms/room-routes.ts';
import type { IdentityRoutes } from './identity-routes.ts';
import type { Metrics } from './metrics.ts';
import { isLoopback, remoteAddress, type OriginRule } from './origin.ts';
import type { PageFiles } from './page-files.ts';
import { SAFE_HEADERS, sendError, sendJson } from './respond.ts';

/** A request must have come as a whole in so many milliseconds: a photo on a slow line. */
const REQUEST_LIMIT = 60_000;
const HEADERS_LIMIT = 10_000;
/** More sockets than any page needs; beyond them the kernel queues. */
const MAXIMUM_CONNECTIONS = 2_000;

export interface HttpOptions {
  /** PEM texts; `null` serves plain http. */
  readonly tls: { readonly cert: string; readonly key: string } | null;
  readonly supervisor: Pick<Supervisor, 'readiness'>;
  /** Left out where there are no GPUs. */
  readonly broker?: Pick<BrokerHost, 'state' | 'figures'> | undefined;
  readonly identities: IdentityRoutes;
  readonly rooms: RoomRoutes;
  readonly page: PageFiles;
  readonly metrics: Metrics;
  readonly metricsFor: 'off' | 'loopback' | 'all';
  readonly origins: OriginRule;
  readonly log: Logger;
}

/** The HTTP side of the gateway, not yet listening: page, identities, health, metrics (docs/protocol.md). */
export function createHttpServer(options: HttpOptions): Server {
  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    route(options, request, response).catch((error: unknown) => {
      options.log.error({ err: error }, 'request failed');
      sendError(response, error);
    });
  };
  const server = options.tls === null ? createServer(listener) : createSecureServer(options.tls, listener);
  server.requestTimeout = REQUEST_LIMIT;
  server.headersTimeout = HEADERS_LIMIT;
  server.maxConnections = MAXIMUM_CONNECTIONS;
  return server;
}

async function route(options: HttpOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = pathOf(request);
  if (path === '/healthz') {
    sendHealth(options, response);
  } else if (path === '/metrics') {
    await sendMetrics(options, request, response);
  } else if (!options.identities.answer(request, response, path) && !options.rooms.answer(request, response, path)) {
    sendPage(options, request, response, path);
  }
}

// Without its broker a gateway still serves: mesh swaps go on, and what networks would swap is hidden.
function sendHealth({ supervisor, broker }: HttpOptions, response: ServerResponse): void {
  const { readiness } = supervisor;
  const gpu = broker && { gpu: { broker: broker.state, provider: broker.figures?.provider ?? null } };
  sendJson(response, readiness === 'ready' ? 200 : 503, { status: readiness, ...gpu });
}

async function sendMetrics(options: HttpOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { metricsFor, metrics, origins } = options;
  const allowed = metricsFor === 'all' || (metricsFor === 'loopback' && isLoopback(remoteAddress(request, origins)));
  if (!allowed) throw new GatewayError('not_found', 'metrics must be asked for from where the operator allows it');
  const { type, text } = await metrics.text();
  response.writeHead(200, { ...SAFE_HEADERS, 'content-type': type, 'cache-control': 'no-store' });
  response.end(text);
}

function sendPage(options: HttpOptions, request: IncomingMessage, response: ServerResponse, path: string): void {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('allow', 'GET, HEAD');
    sendJson(response, 405, { error: { code: 'not_found', message: 'this path must be asked for with GET' } });
    return;
  }
  if (options.page.send(path, response)) return;
  const message = path === '/' ? 'the page must be built first: npm run build -- --page' : 'there must be such a page';
  sendError(response, new GatewayError('not_found', message));
}

function pathOf(request: IncomingMessage): string {
  const target = request.url ?? '/';
  const end = target.indexOf('?');
  return end < 0 ? target : target.slice(0, end);
}

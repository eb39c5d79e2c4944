import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { hostname, networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Access } from './api/access/access.ts';
import { signToken } from './api/access/token.ts';
import { makeCertificate, readCertificate, type Certificate } from './api/http/certificate.ts';
import { createHttpServer } from './api/http/http-server.ts';
import { IdentityRoutes } from './api/http/identity-routes.ts';
import { IdentityStore } from './api/http/identity-store.ts';
import { Metrics } from './api/http/metrics.ts';
import { isLoopback } from './api/http/origin.ts';
import { PageFiles } from './api/http/page-files.ts';
import { RoomRoutes } from './api/rooms/room-routes.ts';
import { Rooms } from './api/rooms/rooms.ts';
import { swapsOf } from './api/choices/choices.ts';
import { Signalling } from './api/signalling/signalling.ts';
import { recipeFace } from './config/gpu.ts';
import type { Config } from './config/config.ts';
import { PROJECT_ROOT } from './entry.ts';
import { GatewayError } from './errors.ts';
import type { Logger } from './log.ts';
import type { Clock, Milli } from './time.ts';
import { BrokerHost } from './worker/broker-host/broker-host.ts';
import { Supervisor } from './worker/supervisor/supervisor.ts';
import type { MediaWorkerSettings } from './worker/wire/protocol.ts';

/** Identities are looked through so often, so that they go when their time is over even if nobody asks. */
const SWEEP_EVERY: Milli = 30_000;
/** How long the token holds that is printed where other machines are served and no secret is set, seconds. */
const INVITATION_LIFETIME = 24 * 3600;
const ANY_ADDRESS = new Set(['0.0.0.0', '::']);

/** A gateway that takes calls. */
export interface Gateway {
  /** Where the page is found, this machine's address first, e.g. `http://localhost:8080/`. */
  readonly addresses: readonly string[];
  readonly port: number;
  /** A token for people on other machines, good for a day; only where such are served and the operator has set no secret. */
  readonly invitation: string | undefined;
  /** Media workers, for tests and the curious. */
  readonly status: Supervisor['status'];
  /** Takes no new sessions, tells those there are; settles when they have ended, at the latest after `sessions.drainSeconds`. */
  drain(): Promise<void>;
  /** Idempotent: sessions are told, media workers end, sockets close. */
  close(): Promise<void>;
}

/**
 * Starts a gateway. The port is taken first, so that a second gateway fails at once; `GET /healthz` answers 200 from the
 * moment on that the media workers are warm.
 * @throws GatewayError port_in_use, config_invalid, worker_lost
 */
export async function openGateway(
  config: Config,
  { log, clock }: { readonly log: Logger; readonly clock: Clock },
): Promise<Gateway> {
  const { media, sessions, photos } = config;
  const tls = await certificateFor(config);
  const broker = config.gpu === null ? undefined : await BrokerHost.open({ gpu: config.gpu, log, clock });
  const supervisor = new Supervisor({
    workers: media.workers,
    pixelThreads: media.pixelThreads,
    viewersAtHome: config.rooms.viewersAtHome,
    maximumSessions: sessions.maximum,
    maximumWaiting: sessions.maximumWaiting,
    memory: media.memory,
    broker,
    media: {
      transport: media.transport,
      reach: reachOf(config),
      broker: broker?.socket ?? null,
      recipes: (config.gpu?.recipes ?? []).map(recipeFace),
      codecs: media.codecs,
      limits: media.limits,
      maximumBytes: photos.maximumBytes,
      maximumPixels: photos.maximumPixels,
    },
    log,
    clock,
  });
  const store = new IdentityStore(
    {
      lifetime: photos.lifetimeMinutes * 60_000,
      maximumCount: photos.maximumCount,
      maximumTotalBytes: photos.maximumTotalBytes,
    },
    clock,
  );
  const metrics = new Metrics({ supervisor, store, broker });
  const origins = { origins: config.origins, trustProxy: config.trustProxy };
  const { access, invitation } = await accessFor(config);
  const rooms = new Rooms({ supervisor, metrics, clock });
  const allowed = {
    policies: sessions.policies,
    labelOptional: sessions.labelOptional,
    recipes: config.gpu?.recipes.map(({ name }) => name) ?? [],
    tiers: config.gpu?.tiers.map(({ name }) => name) ?? [],
  };
  const { iceServers } = config;
  const maximumPhotoBytes = photos.maximumBytes;
  const server = createHttpServer({
    tls,
    supervisor,
    broker,
    identities: new IdentityRoutes({
      ...{ supervisor, store, maximumPhotoBytes, origins, access, clock },
      swaps: swapsOf(allowed),
    }),
    rooms: new RoomRoutes({ rooms, access, supervisor, store, allowed, iceServers, origins, redirect: config.rooms }),
    page: new PageFiles(join(PROJECT_ROOT, 'web-client', 'dist')),
    metrics,
    metricsFor: config.metrics,
    origins,
    log,
  });
  const signalling = new Signalling(server, {
    supervisor,
    store,
    metrics,
    access,
    allowed,
    iceServers,
    origins,
    clock,
    log,
  });
  const sweeping = setInterval(() => store.sweep(), SWEEP_EVERY);

  const drain = async (): Promise<void> => {
    const within: Milli = sessions.drainSeconds * 1000;
    const empty = supervisor.drain();
    signalling.drain(within);
    const stop = new AbortController();
    await Promise.race([empty, wait(within, undefined, stop).catch(() => undefined)]);
    stop.abort();
  };
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closing ??= (async () => {
      clearInterval(sweeping);
      await Promise.all([signalling.close(), rooms.close()]);
      await supervisor.close();
      await broker?.close();
      store.close();
      await closeServer(server);
    })();
    return closing;
  };

  try {
    await listen(server, config);
    await supervisor.start();
    await broker?.start();
  } catch (error) {
    await close();
    throw error;
  }
  // Painted now, so that the first page does not wait for them; if it fails, the page asks again.
  supervisor.masks().catch((error: unknown) => log.warn({ err: error }, 'masks could not be painted'));
  const { port } = server.address() as AddressInfo;
  return {
    port,
    invitation,
    addresses: addressesOf(config, port),
    get status() {
      return supervisor.status;
    },
    drain,
    close,
  };
}

/** Names and addresses under which other machines of the local network reach this one. */
export function localAddresses(): string[] {
  return Object.values(networkInterfaces())
    .flatMap((entries) => entries ?? [])
    .filter((entry) => !entry.internal && entry.family === 'IPv4')
    .map((entry) => entry.address);
}

/** Where the workers can be reached; each takes one port of those that all sessions of a worker share. */
function reachOf({ media }: Config): MediaWorkerSettings['reach'] {
  const { udpPorts, announce, ice, stunServers, workers } = media;
  const oneEach = (first: number | null): { from: number; to: number } | null =>
    first === null ? null : { from: first, to: Math.min(65_535, first + workers - 1) };
  return { udpPorts, announce, ice, stunServers, udpMux: oneEach(media.udpMux), tcp: oneEach(media.tcp) };
}

async function certificateFor(config: Config): Promise<Certificate | null> {
  const { enabled, certificate, key } = config.https;
  if (certificate !== null && key !== null) return readCertificate({ certificate, key });
  if (!enabled) return null;
  const hosts = new Set(['localhost', '127.0.0.1', '::1', hostname(), ...localAddresses(), ...config.media.announce]);
  return makeCertificate([...hosts], join(PROJECT_ROOT, '.cache', 'https-certificate.json'));
}

/** Without a secret of the operator's, other machines need a token that is made up for this run. */
async function accessFor(config: Config): Promise<{ access: Access; invitation?: string }> {
  const { secret } = config.access;
  if (secret !== null) return { access: new Access({ secret, openToLoopback: false }) };
  const openToLoopback = !config.trustProxy;
  if (isLoopback(hostOf(config)) || hostOf(config) === 'localhost') {
    return { access: new Access({ secret: null, openToLoopback }) };
  }
  const made = randomBytes(32).toString('base64url');
  return {
    access: new Access({ secret: made, openToLoopback }),
    invitation: await signToken({ grants: ['publish'] }, { secret: made, lifetime: INVITATION_LIFETIME }),
  };
}

function hostOf({ host, https }: Config): string {
  return host ?? (https.enabled ? '0.0.0.0' : '127.0.0.1');
}

async function listen(server: Server, config: Config): Promise<void> {
  const { port } = config;
  const host = hostOf(config);
  server.listen({ host, port });
  try {
    await once(server, 'listening');
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
    if (code === 'EADDRINUSE' || code === 'EACCES') {
      const why = code === 'EACCES' ? 'is not yours to take' : 'is taken by another program';
      const advice = 'choose another with GUISE_PORT or --port';
      throw new GatewayError('port_in_use', `the port must be free: ${port} ${why}; ${advice}`, { cause });
    }
    const advice = 'set GUISE_HOST or --host to an address of this machine';
    throw new GatewayError('config_invalid', `the gateway must be able to listen on ${host}; ${advice}`, { cause });
  }
}

function addressesOf(config: Config, port: number): string[] {
  const scheme = config.https.enabled || config.https.certificate !== null ? 'https' : 'http';
  const host = hostOf(config);
  const hosts = ANY_ADDRESS.has(host) ? ['localhost', ...localAddresses()] : [host];
  const named = hosts.map((name) => (name === '127.0.0.1' || name === '::1' ? 'localhost' : name));
  return named.map((name) => `${scheme}://${name.includes(':') ? `[${name}]` : name}:${port}/`);
}

async function closeServer(server: Server): Promise<void> {
  if (!server.listening) return;
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
}

import { join } from 'node:path';
import { TRANSPORTS, type TransportName } from '../../../src/session/transport/transport-settings.ts';
import { monotonic } from '../../../src/time.ts';
import { WeriftPeer } from '../../peer/werift-peer.ts';
import { Forked } from '../forked.ts';
import { quantile, round } from '../quantile.ts';
import type { EchoCost, FromEcho, ToEcho } from './echo-process.ts';
import { Load } from './load.ts';

/** Sessions at once. */
const SESSIONS = [1, 8];
const WARM_UP_SECONDS = 5;

/** What one transport costs with so many sessions, all of them echoed. */
export interface TransportFigures {
  /** CPU of the echoing process by session and second, milliseconds. */
  readonly cpuPerSessionSecond: number;
  /** The same by packet in and out, microseconds. */
  readonly cpuPerPacket: number;
  readonly roundTripP50: number;
  readonly roundTripP95: number;
  readonly roundTripP99: number;
  readonly arrivedAfterP50: number;
  readonly arrivedAfterP99: number;
  /** MiB. */
  readonly memory: number;
  /** From the answer until DTLS is up at the peer, ms; the median. */
  readonly setup: number;
  /** Share of the packets that did not come back. */
  readonly lost: number;
}

/** Echoes synthetic streams through each transport, one process each: `werift sessions=8` → figures. */
export async function benchTransport(seconds: number): Promise<Record<string, TransportFigures>> {
  const figures: Record<string, TransportFigures> = {};
  for (const name of TRANSPORTS) {
    for (const sessions of SESSIONS) figures[`${name} sessions=${sessions}`] = await measure(name, sessions, seconds);
  }
  return figures;
}

async function measure(name: TransportName, sessions: number, seconds: number): Promise<TransportFigures> {
  const echo = new Forked<ToEcho, FromEcho>(join(import.meta.dirname, 'echo-process.js'), [name]);
  try {
    await echo.next('ready');
    const setups: number[] = [];
    const loads: Load[] = [];
    for (let i = 0; i < sessions; i++) {
      const peer = new WeriftPeer();
      const { sdp } = await echo.ask({ type: 'offer', sdp: await peer.offer() }, 'answer');
      const connected = echo.next('connected');
      const begin = monotonic.now();
      await Promise.all([peer.connect(sdp), connected]);
      setups.push(monotonic.now() - begin);
      loads.push(new Load(peer));
    }
    for (const load of loads) load.start();
    await sleep(WARM_UP_SECONDS);
    await echo.ask({ type: 'begin' }, 'begun');
    for (const load of loads) load.reset();
    await sleep(seconds);
    const { cost } = await echo.ask({ type: 'end' }, 'cost');
    return summary(loads, cost, { sessions, seconds, setup: quantile(setups, 0.5) });
  } finally {
    echo.end();
  }
}

function summary(
  loads: readonly Load[],
  cost: EchoCost,
  order: { readonly sessions: number; readonly seconds: number; readonly setup: number },
): TransportFigures {
  for (const load of loads) load.stop();
  const trips = loads.flatMap(({ roundTrips }) => roundTrips);
  const sent = loads.reduce((sum, load) => sum + load.sent, 0);
  return {
    cpuPerSessionSecond: round(cost.cpu / order.sessions / order.seconds),
    cpuPerPacket: round((cost.cpu * 1000) / cost.packets, 1),
    roundTripP50: round(quantile(trips, 0.5)),
    roundTripP95: round(quantile(trips, 0.95)),
    roundTripP99: round(quantile(trips, 0.99)),
    arrivedAfterP50: round(cost.arrivedAfterP50),
    arrivedAfterP99: round(cost.arrivedAfterP99),
    memory: round(cost.memory, 0),
    setup: round(order.setup, 0),
    lost: round(Math.max(0, 1 - trips.length / sent), 4),
  };
}

function sleep(seconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1000));
}

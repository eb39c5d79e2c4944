import { lookup } from 'node:dns/promises';
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Milli } from '../../../../time.ts';
import type { LocalPort } from '../ports/local-port.ts';
import { canonicalAddress, familyOf, type Remote } from './internet-address.ts';
import { transactionKey, type StunMessage } from './stun.ts';
import { writeServerRequest } from './write-stun.ts';

/** A STUN server of the operator: name or address, and port. */
export interface StunServer {
  readonly host: string;
  readonly port: number;
}

/** How a NAT shows one of our ports to the world. */
export interface Reflexive {
  readonly port: LocalPort;
  readonly mapped: Remote;
}

/**
 * Pauses between requests, of which UDP may lose two, and after the last: the answer to an offer waits no longer than a second
 * for servers that say nothing. One after the other, so that each request has its time also where this process stood still.
 */
const PAUSES: readonly Milli[] = [150, 250, 600];

/** Asks STUN servers for the addresses that our ports have behind a NAT (RFC 8445 §5.1.1.2). For one session, once. */
export class ServerReflexive {
  readonly #ports: readonly LocalPort[];
  readonly #asked = new Map<string, { readonly port: LocalPort; readonly server: Remote }>();
  readonly #found = new Map<LocalPort, Remote>();
  readonly #targets: { readonly port: LocalPort; readonly server: Remote }[] = [];
  readonly #done = new AbortController();

  constructor(ports: readonly LocalPort[]) {
    this.#ports = ports.filter(({ transport }) => transport === 'udp');
  }

  /** One address for each port that a server has told one for that is not its own; never rejects. */
  async gather(servers: readonly StunServer[]): Promise<readonly Reflexive[]> {
    if (this.#ports.length === 0) return [];
    for (const server of servers) void this.#ask(server);
    for (const pause of PAUSES) {
      for (const { port, server } of this.#targets) this.#send(port, server);
      await sleep(pause, undefined, { signal: this.#done.signal }).catch(() => undefined);
    }
    this.close();
    return [...this.#found].flatMap(([port, mapped]) =>
      mapped.address === port.host.announce || mapped.address === port.host.bind ? [] : [{ port, mapped }],
    );
  }

  /** Takes a response; false if it is none to a request of this one. */
  take(message: StunMessage, port: LocalPort, from: Remote): boolean {
    const asked = this.#asked.get(transactionKey(message.transaction));
    if (asked === undefined || asked.port !== port || asked.server.address !== from.address) return false;
    if (message.kind === 'success' && message.mapped !== undefined && !this.#found.has(port)) {
      this.#found.set(port, message.mapped);
      if (this.#found.size === this.#ports.length) this.#done.abort();
    }
    return true;
  }

  /** Ends the wait. Idempotent. */
  close(): void {
    this.#asked.clear();
    this.#done.abort();
  }

  async #ask(server: StunServer): Promise<void> {
    const addresses = await resolve(server.host);
    for (const port of this.#ports) {
      const address = addresses.find((each) => familyOf(each) === familyOf(port.host.bind));
      if (address === undefined) continue;
      const target = { port, server: { address, port: server.port } };
      this.#targets.push(target);
      this.#send(port, target.server);
    }
  }

  #send(port: LocalPort, server: Remote): void {
    if (this.#done.signal.aborted || this.#found.has(port)) return;
    const transaction = randomBytes(12);
    this.#asked.set(transactionKey(transaction), { port, server });
    port.ask(writeServerRequest(transaction), server);
  }
}

/** A name that does not resolve is a server that does not answer: the others may. */
async function resolve(host: string): Promise<readonly string[]> {
  const numeric = canonicalAddress(host);
  if (numeric !== undefined) return [numeric];
  try {
    const found = await lookup(host, { all: true });
    return found.flatMap(({ address }) => canonicalAddress(address) ?? []);
  } catch {
    return [];
  }
}

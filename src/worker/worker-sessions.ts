import { assert, GatewayError } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { SessionSettings } from '../session/settings.ts';
import { hostAddresses, type HostAddress } from '../session/transport/ice/addresses.ts';
import { WeriftTransport } from '../session/transport/werift-transport.ts';
import type { PreparedIdentity } from '../swap/swap.ts';
import type { Clock } from '../time.ts';
import type { PixelCrew } from './threads/pixel-crew.ts';
import type { Channel } from './wire/channel.ts';
import type { MediaWorkerSettings, SessionNotice } from './wire/protocol.ts';

export interface WorkerSessionsOptions {
  readonly crew: PixelCrew;
  readonly settings: MediaWorkerSettings;
  readonly channel: Channel;
  readonly clock: Clock;
  readonly log: Logger;
}

type Worn = PreparedIdentity | `mask:${string}` | null;

/** The sessions of one media worker, by id. */
export class WorkerSessions {
  readonly #options: WorkerSessionsOptions;
  readonly #sessions = new Map<string, WeriftTransport>();

  constructor(options: WorkerSessionsOptions) {
    this.#options = options;
  }

  open(id: string, settings: SessionSettings, identity: Worn): void {
    assert(!this.#sessions.has(id), 'a session is opened once');
    const { settings: ours, clock } = this.#options;
    const { udpPorts, announce } = ours;
    void identity;
    const transport = new WeriftTransport(
      {
        ...(udpPorts === null ? {} : { portRange: [udpPorts.from, udpPorts.to] as const }),
        ...(announce.length === 0 ? {} : { hostAddresses: announcedAddresses(announce) }),
        ...(settings.codec === undefined ? {} : { codec: settings.codec }),
      },
      {
        onRtp: () => undefined,
        onRtcp: () => undefined,
        onState: (state, reason) => {
          if (state !== 'new')
            this.#tell({ kind: 'state', session: id, state, ...(reason === undefined ? {} : { reason }) });
        },
      },
      clock,
    );
    this.#sessions.set(id, transport);
  }

  async answer(id: string, sdp: string): Promise<string> {
    return (await this.#get(id).answer(sdp)).sdp;
  }

  async change(id: string, settings: SessionSettings, identity?: Worn): Promise<void> {
    void [id, settings, identity];
    return Promise.resolve();
  }

  addCandidate(id: string, candidate: string, mid: string): void {
    this.#sessions.get(id)?.addCandidate(candidate, mid);
  }

  requestKeyframe(id: string): void {
    void id;
  }

  close(id: string): void {
    const session = this.#sessions.get(id);
    this.#sessions.delete(id);
    session?.close();
  }

  closeAll(): void {
    for (const id of [...this.#sessions.keys()]) this.close(id);
  }

  #get(id: string): WeriftTransport {
    const session = this.#sessions.get(id);
    if (session === undefined) throw new GatewayError('session_unknown', 'the session must be open in this worker');
    return session;
  }

  #tell(notice: SessionNotice): void {
    this.#options.channel.notify({ type: 'session', body: notice });
  }
}

/** Where to bind for each address that callers are told: the same where it is this machine's own, else behind a NAT. */
function announcedAddresses(announce: readonly string[]): HostAddress[] {
  const own = hostAddresses({ includeLoopback: true });
  const behind = own[0]?.bind ?? '127.0.0.1';
  return announce.map((address) => ({
    announce: address,
    bind: own.find(({ bind }) => bind === address)?.bind ?? behind,
  }));
}

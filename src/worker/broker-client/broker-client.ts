import { connect } from 'node:net';
import { GatewayError } from '../../errors.ts';
import type { Logger } from '../../log.ts';
import type { CropLane, CropLaneOptions, CropLanes } from '../../swap/neural/crop-lane.ts';
import { monotonic, type Clock, type Milli } from '../../time.ts';
import { levelSchema } from '../wire/broker-protocol.ts';
import { Channel, CHILD_SILENCE, type WireMessage } from '../wire/channel.ts';
import { RemoteLane } from './remote-lane.ts';

/** First pause before a broker that is gone is looked for again; doubles with each failure in a row. */
const FIRST_PAUSE: Milli = 50;
const LONGEST_PAUSE: Milli = 1_000;
/** A lane that a new broker refuses asks again after so long: its configuration is the same, its room may come back. */
const REFUSED_PAUSE: Milli = 2_000;

export interface BrokerClientOptions {
  readonly log: Logger;
  readonly clock?: Clock;
}

type State =
  | { readonly name: 'connecting'; readonly channel: Channel; readonly settled: Promise<void> }
  | { readonly name: 'connected'; readonly channel: Channel }
  | { readonly name: 'waiting'; readonly timer: NodeJS.Timeout }
  | { readonly name: 'closed' };

/**
 * A pixel thread's connection to the broker of its host. When the broker is replaced, it connects again by itself and opens
 * its lanes there; until then their frames are given up. Its owner closes it.
 */
export class BrokerClient implements CropLanes {
  readonly #path: string;
  readonly #log: Logger;
  readonly #clock: Clock;
  readonly #lanes = new Set<RemoteLane>();
  #failures = 0;
  #state: State;

  /** @param path of the broker's Unix socket; there may be nobody yet */
  constructor(path: string, { log, clock = monotonic }: BrokerClientOptions) {
    this.#path = path;
    this.#log = log;
    this.#clock = clock;
    this.#state = this.#connect();
  }

  /**
   * Opens a lane. While there is no broker, it is opened as soon as there is one, and its frames are given up.
   * @throws GatewayError recipe_unknown, capacity_full, closed
   */
  async open(options: CropLaneOptions): Promise<CropLane> {
    if (this.#state.name === 'connecting') await this.#state.settled;
    const state = this.#stateNow();
    if (state.name === 'closed') throw new GatewayError('closed', 'the way to the broker must be open');
    const lane = new RemoteLane(options, { clock: this.#clock, forget: () => this.#lanes.delete(lane) });
    if (state.name === 'connected') await this.#attachFirst(lane, state.channel);
    this.#lanes.add(lane);
    return lane;
  }

  close(): void {
    const state = this.#state;
    if (state.name === 'closed') return;
    this.#state = { name: 'closed' };
    if (state.name === 'waiting') clearTimeout(state.timer);
    else state.channel.close();
    for (const lane of [...this.#lanes]) lane.close();
  }

  async #attachFirst(lane: RemoteLane, channel: Channel): Promise<void> {
    try {
      await lane.attach(channel);
    } catch (error) {
      // A broker that went away meanwhile is replaced; only its own refusal is one.
      if (channel.ended === undefined) throw error;
      const state = this.#stateNow();
      if (state.name === 'connected') void this.#attach(lane, state.channel);
    }
  }

  #connect(): State {
    const socket = connect(this.#path);
    const settled = new Promise<void>((resolve) => socket.once('connect', resolve).once('close', () => resolve()));
    const channel = new Channel(socket, {
      onRequest: () => Promise.reject(new GatewayError('message_invalid', 'a broker must not ask')),
      onNotice: (message) => this.#take(message),
      onClose: () => this.#lost(),
    });
    socket.once('connect', () => this.#connected(channel));
    return { name: 'connecting', channel, settled };
  }

  #connected(channel: Channel): void {
    this.#failures = 0;
    this.#state = { name: 'connected', channel };
    channel.startPinging({ silence: CHILD_SILENCE });
    for (const lane of this.#lanes) void this.#attach(lane, channel);
  }

  async #attach(lane: RemoteLane, channel: Channel): Promise<void> {
    try {
      await lane.attach(channel);
    } catch (error) {
      if (channel.ended !== undefined || !this.#lanes.has(lane)) return;
      this.#log.warn({ err: error }, 'lane is not taken again by the broker');
      setTimeout(() => {
        if (channel.ended === undefined && this.#lanes.has(lane)) void this.#attach(lane, channel);
      }, REFUSED_PAUSE).unref();
    }
  }

  #take({ type, body }: WireMessage): void {
    if (type !== 'level') return;
    const told = levelSchema.safeParse(body);
    if (!told.success) return;
    for (const lane of this.#lanes) if (lane.number === told.data.lane) lane.tell(told.data.level);
  }

  #lost(): void {
    if (this.#state.name === 'closed') return;
    if (this.#state.name === 'connected') this.#log.warn({}, 'the broker is gone; its lanes wait for another');
    for (const lane of this.#lanes) lane.detach();
    const pause = Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** this.#failures++) * (0.75 + Math.random() / 2);
    this.#state = { name: 'waiting', timer: setTimeout(() => (this.#state = this.#connect()), pause) };
  }

  // An await may have been overtaken; the compiler remembers the state from before it.
  #stateNow(): State {
    return this.#state;
  }
}

import type { Socket } from 'node:net';
import { GatewayError } from '../../errors.ts';
import { laneOnlySchema, openLaneSchema, swapSchema } from '../wire/broker-protocol.ts';
import { Channel, GATEWAY_SILENCE, type Answer, type WireMessage } from '../wire/channel.ts';
import type { Dispatcher } from './dispatcher.ts';
import type { FrameOutcome } from './offered-frame.ts';

/** One pixel thread's connection. Its lanes close with it. */
export class LaneConnection {
  readonly #channel: Channel;
  readonly #dispatcher: Dispatcher;
  readonly #lanes = new Set<number>();

  constructor(
    socket: Socket,
    { dispatcher, onClosed }: { readonly dispatcher: Dispatcher; readonly onClosed: () => void },
  ) {
    this.#dispatcher = dispatcher;
    this.#channel = new Channel(socket, {
      onRequest: (message) => this.#answer(message),
      onNotice: (message) => this.#take(message),
      onClose: () => {
        for (const lane of this.#lanes) dispatcher.closeLane(lane);
        this.#lanes.clear();
        onClosed();
      },
    });
    this.#channel.startPinging({ silence: GATEWAY_SILENCE });
  }

  /** Idempotent. */
  close(): void {
    this.#channel.close();
  }

  async #answer(message: WireMessage): Promise<Answer> {
    switch (message.type) {
      case 'lane':
        return { body: this.#open(message) };
      case 'swap':
        return this.#swap(message);
      default:
        throw new GatewayError('message_invalid', `a broker must know what it is asked [type:${message.type}]`);
    }
  }

  #open({ body }: WireMessage): unknown {
    const opened = this.#dispatcher.openLane(openLaneSchema.parse(body), (lane, level) =>
      this.#channel.notify({ type: 'level', body: { lane, level } }),
    );
    this.#lanes.add(opened.lane);
    return opened;
  }

  async #swap({ body, payload }: WireMessage): Promise<Answer> {
    const { lane, crops: count, deadline, enhance, sources: named } = swapSchema.parse(body);
    if (!this.#lanes.has(lane)) throw new GatewayError('session_unknown', 'the lane must be open on this connection');
    const size = this.#dispatcher.cropBytes(lane);
    const sourceBytes = named.reduce((sum, { bytes }) => sum + bytes, 0);
    if (named.length !== count || payload.length !== count * size + sourceBytes) {
      throw new GatewayError('message_invalid', `crops must be of the size of their recipe [bytes:${payload.length}]`);
    }
    const crops = Array.from({ length: count }, (_, index) => payload.subarray(index * size, (index + 1) * size));
    let at = count * size;
    // Copies, since they are kept far longer than the crops that came with them.
    const sources = named.map(({ hash, bytes }) => ({
      hash,
      bytes: bytes > 0 ? new Uint8Array(payload.subarray(at, (at += bytes))) : undefined,
    }));
    const {
      end,
      faces,
      spent = 0,
    } = await new Promise<FrameOutcome>((settle) =>
      this.#dispatcher.offer(lane, { crops, deadline, enhance, sources, settle }),
    );
    const made = faces?.flatMap(({ rgb, mask, plain }) => [rgb, mask, ...(plain ? [plain] : [])]) ?? [];
    return { body: { end, spent, size: Math.sqrt(faces?.[0]?.mask.length ?? 0) }, payload: made };
  }

  #take({ type, body }: WireMessage): void {
    const named = laneOnlySchema.safeParse(body);
    if (type !== 'close-lane' || !named.success || !this.#lanes.delete(named.data.lane)) return;
    this.#dispatcher.closeLane(named.data.lane);
  }
}

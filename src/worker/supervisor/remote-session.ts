import { assertNever, GatewayError, type ErrorCode } from '../../errors.ts';
import type { Milli } from '../../time.ts';
import type { Channel, OutgoingMessage } from '../wire/channel.ts';
import { packCast, type ChosenCast } from '../wire/cast-bytes.ts';
import {
  answerSchema,
  patchedSchema,
  type SessionFigures,
  type SessionNotice,
  type SessionSettings,
} from '../wire/protocol.ts';
import type { CpuShare, SessionCost } from './admission/session-cost.ts';

/** Time for a media worker to answer before the caller is told that it failed. */
const ANSWER_LIMIT: Milli = 10_000;

/** What a session tells its owner. After `onEnd` nothing more comes. */
export interface SessionEvents {
  onState(state: 'connecting' | 'connected' | 'closed', reason?: string): void;
  onFace(event: 'found' | 'lost', id: number): void;
  onFigures(figures: SessionFigures): void;
  /** The session is over without having been closed from this side. Exactly once. */
  onEnd(error: GatewayError): void;
}

/** The gateway's end of a session that lives in a media worker. Its owner closes it. */
export class RemoteSession {
  /** 128 random bits, hex. */
  readonly id: string;
  /** `undefined` for a viewer, whose packets admission does not count. */
  readonly cost: SessionCost | undefined;
  readonly #channel: Channel;
  readonly #events: SessionEvents;
  readonly #share: CpuShare;
  readonly #forget: () => void;
  #worked: Milli = 0;
  #over = false;

  /** @param forget takes it off the list of its worker */
  constructor(
    id: string,
    wiring: {
      readonly channel: Channel;
      readonly cost: SessionCost | undefined;
      readonly events: SessionEvents;
      /** Of its worker. */
      readonly share: CpuShare;
      readonly forget: () => void;
    },
  ) {
    this.id = id;
    this.cost = wiring.cost;
    this.#channel = wiring.channel;
    this.#events = wiring.events;
    this.#share = wiring.share;
    this.#forget = wiring.forget;
  }

  /** Milliseconds of the last second in which a pixel thread was at work for it. */
  get worked(): Milli {
    return this.#worked;
  }

  /** Opens it in the worker. @throws GatewayError */
  async open(settings: SessionSettings, cast: ChosenCast): Promise<void> {
    const { body, payload } = packCast(cast);
    await this.#ask({ type: 'open', body: { session: this.id, settings, ...body }, payload });
  }

  /** Opens it in the worker as a viewer of another session there. @throws GatewayError session_unknown, state_invalid */
  async watch(watched: string): Promise<void> {
    await this.#ask({ type: 'watch', body: { session: this.id, watched } });
  }

  /**
   * Takes a fragment of trickle ICE. Gives the one that answers it where it restarts ICE, else null.
   * @throws GatewayError offer_invalid, unsupported, session_unknown
   */
  async patch(fragment: string): Promise<string | null> {
    const reply = await this.#ask({ type: 'patch', body: { session: this.id, fragment } });
    return patchedSchema.parse(reply.body).fragment;
  }

  /** Takes an offer, gives the answer. @throws GatewayError offer_invalid, no_video, no_codec … */
  async offer(sdp: string): Promise<string> {
    const reply = await this.#ask({ type: 'offer', body: { session: this.id, sdp } });
    const answer = answerSchema.safeParse(reply.body);
    if (!answer.success) throw new GatewayError('internal', 'the answer must be SDP');
    return answer.data.sdp;
  }

  /** Changes settings, and what `cast` has; settles when frames after it wear it. @throws GatewayError */
  async change(settings: SessionSettings, cast: ChosenCast = {}): Promise<void> {
    const { body, payload } = packCast(cast);
    await this.#ask({ type: 'change', body: { session: this.id, settings, ...body }, payload });
    this.cost?.configure(settings);
  }

  /** A remote candidate line with the mid it belongs to. */
  addCandidate(candidate: string, mid: string): void {
    if (!this.#over) this.#channel.notify({ type: 'candidate', body: { session: this.id, candidate, mid } });
  }

  /** Asks for a keyframe on the way back. */
  requestKeyframe(): void {
    if (!this.#over) this.#channel.notify({ type: 'keyframe', body: { session: this.id } });
  }

  /** Idempotent; settles when the worker has let go of it or is gone. */
  async close(): Promise<void> {
    if (this.#over) return;
    this.#leave();
    if (this.#channel.ended !== undefined) return;
    try {
      await this.#channel.request({ type: 'close', body: { session: this.id } }, { timeout: ANSWER_LIMIT });
    } catch (error) {
      // A worker that is gone has closed its sessions in its own way; anything else is not this session's to mend.
      if (!(error instanceof GatewayError)) throw error;
    }
  }

  /** For its worker: passes on a notice. */
  tell(notice: SessionNotice): void {
    if (this.#over) return;
    switch (notice.kind) {
      case 'state':
        this.#events.onState(notice.state, notice.reason);
        return;
      case 'face':
        this.#events.onFace(notice.event, notice.id);
        return;
      case 'figures':
        this.#worked = notice.figures.worked;
        this.cost?.learn(notice.figures, this.#share.value);
        this.#events.onFigures(notice.figures);
        return;
      case 'failed':
        this.end(notice.code, notice.message);
        return;
      default:
        assertNever(notice);
    }
  }

  /** For its worker: the session is over, by its own failure or because the worker is gone. */
  end(code: string, message: string): void {
    if (this.#over) return;
    this.#leave();
    this.#events.onEnd(new GatewayError(code as ErrorCode, message));
  }

  #leave(): void {
    this.#over = true;
    this.#forget();
  }

  #ask(message: OutgoingMessage): Promise<{ readonly body: unknown }> {
    if (this.#over) return Promise.reject(new GatewayError('closed', 'the session must be open'));
    return this.#channel.request(message, { timeout: ANSWER_LIMIT });
  }
}

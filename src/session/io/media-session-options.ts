/** What a MediaSession is given: its two sides, and whom it tells. */
import type { Clock } from '../../time.ts';
import type { ToPixel, WornCast, WornIdentity } from '../pixel.ts';
import type { SessionSettings } from '../settings.ts';
import type { SessionFigures } from '../statistics.ts';
import type { Transport, TransportEvents, TransportState } from '../transport/transport.ts';
import type { SenderRates } from './sender-limits.ts';

/** The way to the pixel half, which lives in another thread. */
export interface PixelSide {
  /** Gives a message away; the ArrayBuffers in `transfer` go with it. */
  send(message: ToPixel, transfer: readonly ArrayBuffer[]): void;
}

/** What a session tells its owner. */
export interface SessionEvents {
  /** `closed` comes exactly once. */
  onState(state: Exclude<TransportState, 'new'>, reason?: string): void;
  onFace(event: 'found' | 'lost', id: number): void;
  /** Each second from the first answer on. */
  onFigures(figures: SessionFigures): void;
  /** A half of the session cannot go on; `closed` follows. */
  onFailed(code: string, message: string): void;
}

export interface MediaSessionOptions {
  readonly id: string;
  readonly settings: SessionSettings;
  readonly identity: WornIdentity;
  /** Who besides wears somebody of their own. Default nobody. */
  readonly wearers?: WornCast['wearers'];
  /** What the sender may send; left out: the usual. */
  readonly rates?: SenderRates;
  /** Makes the transport. Called once, at once. */
  readonly createTransport: (events: TransportEvents) => Transport;
  readonly pixel: PixelSide;
  readonly events: SessionEvents;
  readonly clock: Clock;
}

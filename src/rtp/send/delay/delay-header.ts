import type { Milli } from '../../../time.ts';
import { EXTENSION_URI } from '../../packet/extension.ts';
import { HeaderTemplate, type OutgoingExtensions } from '../../packet/header-template.ts';
import { DelayNotice } from './delay-notice.ts';
import { PlayoutDelay } from './playout-delay.ts';

/** The upper bound that goes with each lower one: libwebrtc's own, so that nothing but the lower one changes. */
const MAXIMUM: Milli = 10_000;

/** What the header of one media line is made from. */
export interface LineHeader {
  readonly ssrc: number;
  readonly payloadType: number;
  readonly extensions?: OutgoingExtensions;
}

/** The header of each frame's packets: with the playout delay where it is negotiated and there is something to say. */
export class DelayHeader {
  /** Most bytes before the payload. */
  readonly size: number;
  readonly #line: LineHeader;
  readonly #plain: HeaderTemplate;
  readonly #negotiated: boolean;
  readonly #delay = new PlayoutDelay();
  readonly #notice = new DelayNotice();
  #delayed: { readonly minimum: Milli; readonly template: HeaderTemplate };

  constructor(line: LineHeader) {
    this.#line = line;
    this.#negotiated = line.extensions?.ids.has(EXTENSION_URI.playoutDelay) ?? false;
    this.#plain = new HeaderTemplate(line);
    this.#delayed = { minimum: 0, template: this.#layDelay(0) };
    this.size = this.#negotiated ? this.#delayed.template.size : this.#plain.size;
  }

  /** What the receiver is asked to hold pictures back; 0 if it cannot be asked. */
  get minimum(): Milli {
    return this.#negotiated ? this.#delay.minimum : 0;
  }

  /** The share of packets that were lost lately, 0–1. */
  get loss(): number {
    return this.#delay.loss;
  }

  /** The header of a frame that is sent now as `packets` packets, the first of them with number `sequence`. */
  onFrame(
    frame: { readonly sequence: number; readonly packets: number; readonly keyframe: boolean },
    roundTrip: Milli,
    now: Milli,
  ): HeaderTemplate {
    const minimum = this.#delay.onFrame(frame.packets, roundTrip, now);
    if (!this.#negotiated || !this.#notice.onFrame(frame.sequence, minimum, frame.keyframe)) return this.#plain;
    if (minimum !== this.#delayed.minimum) this.#delayed = { minimum, template: this.#layDelay(minimum) };
    return this.#delayed.template;
  }

  /** `packets` were asked for, for the first time. */
  onLost(packets: number, now: Milli): void {
    this.#delay.onLost(packets, now);
  }

  /** The receiver reports `highestSequence` as its newest. */
  onReport(highestSequence: number): void {
    this.#notice.onReport(highestSequence);
  }

  #layDelay(minimum: Milli): HeaderTemplate {
    const { extensions, ...line } = this.#line;
    return new HeaderTemplate({
      ...line,
      ...(extensions && { extensions: { ...extensions, playoutDelay: { minimum, maximum: MAXIMUM } } }),
    });
  }
}

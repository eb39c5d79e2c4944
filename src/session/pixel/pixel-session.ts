import type { EncodedChunk, Encoder } from '../../codec/codec.ts';
import type { Faces } from '../../face/face.ts';
import type { Chunk } from '../../media/chunk.ts';
import { Drops, type DropReason, type DropStage } from '../../schedule/drop.ts';
import { inTime } from '../../schedule/lane.ts';
import { StageCost } from '../../schedule/stage-cost.ts';
import type { PreparedIdentity } from '../../swap/swap.ts';
import { addTicks, type Milli, type RtpTicks } from '../../time.ts';
import type { Encoding, FromPixel, Outcome } from '../pixel.ts';
import type { SessionSettings } from '../settings.ts';
import { FacePass, type PassParts, type PassStage } from './face-pass.ts';
import { FigureCounts } from './figures.ts';
import { FrameRate } from './frame-rate.ts';
import { FrameTime } from './frame-time.ts';
import { Intake, type Arrival, type IntakeParts } from './intake.ts';
import { Ladder, type LadderStep } from './ladder.ts';
import { Outlet } from './outlet.ts';
import { SmallEncoding } from './small-encoding.ts';

/** Every stage after decoding is only begun if all that follow can be done by the deadline. */
const STAGES = ['decode', 'track', 'swap', 'composite', 'encode'] as const;
/** How long a wanted keyframe waits for a frame before the last picture sent is encoded again, ms. */
const KEYFRAME_PATIENCE: Milli = 150;
/** Bits a second below which nothing is left to be seen. */
const LEAST_BITRATE = 50_000;

export interface PixelSessionParts
  extends
    Pick<PassParts, 'tracker' | 'backend' | 'clock' | 'onSwapError'>,
    Pick<IntakeParts, 'createDecoder' | 'decodeLimit' | 'poll'> {
  readonly encoder: Encoder;
  /** Of the small encoding, once it is needed. */
  readonly createSmallEncoder: (bitsPerSecond: number) => Encoder;
  readonly send: (message: FromPixel) => void;
}

/** A frame on its way. */
interface Current {
  readonly chunk: Chunk;
  readonly deadline: Milli;
  /** Its instant on the media clock. */
  readonly at: Milli;
  /** What the picture is kept to when it is sent. */
  readonly step: LadderStep;
}

/** The pixel half of one session: chunks in, swapped chunks out. All calls come from its PixelThread, one frame at a time. */
export class PixelSession {
  readonly id: string;
  readonly #parts: PixelSessionParts;
  readonly #counts = new FigureCounts(new Drops());
  readonly #cost = new StageCost(STAGES);
  readonly #frameTime = new FrameTime();
  readonly #frameRate = new FrameRate();
  readonly #ladder: Ladder;
  readonly #intake: Intake;
  readonly #pass: FacePass;
  readonly #outlet: Outlet;
  readonly #small: SmallEncoding;
  #smallAt: Milli = -Infinity;
  #settings: SessionSettings;
  /** Bits a second that the way to the peer carries. */
  #carried = Infinity;
  #credits = 0;
  #lastOutcome: Outcome = 'hidden';
  #keyframeWantedAt: Milli | undefined;
  #state: 'idle' | 'working' | 'closing' | 'closed' = 'idle';

  constructor(id: string, parts: PixelSessionParts, settings: SessionSettings) {
    this.id = id;
    this.#parts = parts;
    this.#settings = settings;
    this.#outlet = new Outlet(parts.encoder);
    this.#small = new SmallEncoding(parts.createSmallEncoder);
    this.#ladder = new Ladder(parts.encoder.codec, settings.bitrate);
    this.#pass = new FacePass({ ...parts, onStage: (stage, duration) => this.#took(stage, duration) }, settings);
    this.#intake = new Intake({
      ...parts,
      drops: this.#counts.drops,
      onSettled: (count) => (this.#credits += count),
      onNeedKeyframe: () => parts.send({ type: 'need-keyframe', session: id }),
      onDecoded: ({ timestamp }, duration) => {
        this.#frameRate.note(timestamp);
        this.#counts.decoded();
        this.#took('decode', duration);
      },
    });
  }

  /** When the newest waiting frame must be out, `undefined` if none waits. */
  get deadline(): Milli | undefined {
    const since = this.#intake.waitingSince;
    return since === undefined ? undefined : since + this.#settings.budget;
  }

  /** How long it will take to bring it out. */
  get expected(): Milli {
    return this.#cost.remaining('decode');
  }

  put(chunk: Chunk): void {
    this.#intake.put(chunk);
  }

  /** Who is put on, from the next frame on. */
  wear(identity: PreparedIdentity | null): void {
    this.#pass.wear(identity);
  }

  /** From the next frame on. */
  configure(settings: SessionSettings): void {
    const changed = settings.bitrate !== this.#settings.bitrate;
    this.#settings = settings;
    this.#pass.configure(settings);
    if (changed) this.setBitrate(this.#carried);
  }

  /** From the next frame on, within what the settings allow and what still makes a picture. */
  setBitrate(bitsPerSecond: number): void {
    this.#carried = bitsPerSecond;
    const bitrate = Math.max(LEAST_BITRATE, Math.min(bitsPerSecond, this.#settings.bitrate));
    this.#outlet.setBitrate(bitrate);
    this.#ladder.bitrate = bitrate;
  }

  /** Of the small encoding; null: nobody needs it any more. */
  setSmallBitrate(bitsPerSecond: number | null): void {
    this.#small.bitrate = bitsPerSecond;
  }

  requestKeyframe(encoding: Encoding = 'main'): void {
    if (encoding === 'small') return this.#small.requestKeyframe();
    this.#outlet.requestKeyframe();
    this.#keyframeWantedAt ??= this.#parts.clock.now();
  }

  /** Decodes what waits and brings the newest frame out, if it can be in time. */
  async step(): Promise<void> {
    if (this.#state !== 'idle') return;
    this.#state = 'working';
    try {
      const arrival = this.#intake.take(this.#settings.maximumSide);
      this.#giveCreditsBack();
      if (arrival) await this.#frame(arrival);
    } finally {
      this.#giveCreditsBack();
      // A message may have closed the session while its frame was being worked on.
      if (this.#isClosing()) this.#free();
      else this.#state = 'idle';
    }
  }

  /** To be called every now and then: encodes the last picture sent again if a keyframe was asked for and no frame comes. */
  tick(): void {
    if (this.#state !== 'idle') return;
    const now = this.#parts.clock.now();
    if (now - (this.#keyframeWantedAt ?? now) >= KEYFRAME_PATIENCE) this.#repeat();
    if (this.#small.keyframeWanted && now - this.#smallAt >= KEYFRAME_PATIENCE) {
      this.#encodeSmall({ outcome: this.#lastOutcome, decodable: now });
    }
  }

  /** Tells the figures of the last second. */
  report(): void {
    this.#parts.send({ type: 'figures', session: this.id, figures: this.#counts.read() });
  }

  /** Idempotent. A frame on its way ends first, and is not sent. */
  close(): void {
    if (this.#state === 'idle') this.#free();
    else if (this.#state === 'working') this.#state = 'closing';
  }

  async #frame(arrival: Arrival): Promise<void> {
    const current = this.#begin(arrival);
    const { at } = current;
    if (arrival.backlog) return this.#giveUp(current, 'decode', 'backlog');
    const admitted = this.#frameRate.admit(at, current.step.frameRateLimit);
    // A keyframe that is wanted is made of the first frame that comes.
    if (!admitted && !this.#outlet.keyframeWanted) return this.#giveUp(current, 'decode', 'thinned');
    this.#copy(arrival);
    let objection: DropReason | undefined;
    const stillWanted = (stage: PassStage) => (objection = this.#objectionTo(stage, current)) === undefined;
    const result = await this.#pass.run(this.#outlet.work.picture, { at, stillWanted });
    if (result.faces) this.#tellFaces(result.faces);
    switch (result.kind) {
      case 'ready':
        return this.#finish(current, result.outcome, result.failed);
      case 'held':
        this.#counts.held();
        return this.#giveUp(current, 'swap', 'failed');
      case 'unwanted':
        return objection === 'late'
          ? this.#late(current, result.stage)
          : this.#giveUp(current, result.stage, objection ?? 'closed');
    }
  }

  #begin({ chunk, width, height }: Arrival): Current {
    const at = this.#frameTime.next(chunk.timestamp, chunk.decodable);
    const frameRate = this.#frameRate.current;
    const step = this.#ladder.step({ width, height, frameRate }, this.#parts.clock.now());
    return { chunk, at, step, deadline: chunk.decodable + this.#settings.budget };
  }

  #copy(arrival: Arrival): void {
    const started = this.#parts.clock.now();
    const { work } = this.#outlet;
    this.#intake.copyTo(work, arrival);
    this.#counts.took('copy', this.#parts.clock.now() - started);
    this.#counts.width = work.picture.width;
    this.#counts.height = work.picture.height;
  }

  /**
   * Why a stage should not be begun. A newer frame takes this one's place only before anything is spent on it: once it has
   * been, bringing it out costs less than starting on the newer one, and a thread that is always late would bring out none.
   */
  #objectionTo(stage: PassStage, { deadline }: Current): DropReason | undefined {
    this.#parts.poll();
    if (this.#isClosing()) return 'closed';
    if (stage === 'track' && this.#intake.hasNewer) return 'replaced';
    return this.#isInTime(stage, deadline) ? undefined : 'late';
  }

  #isInTime(stage: (typeof STAGES)[number], deadline: Milli): boolean {
    return inTime(this.#parts.clock.now(), this.#cost.remaining(stage), deadline);
  }

  #finish(current: Current, outcome: Outcome, failed: boolean): void {
    if (this.#isClosing()) return this.#giveUp(current, 'encode', 'closed');
    if (!this.#isInTime('encode', current.deadline)) return this.#late(current, 'encode');
    this.#encode(current, outcome);
    if (!failed) this.#pass.exposure.succeeded();
  }

  /** A frame cannot be in time. After the hold it goes out hidden, if at least that can be done. */
  #late(current: Current, stage: DropStage): void {
    this.#cost.doubt();
    const fallback = this.#pass.exposure.fallback(current.at);
    if (fallback === 'hold') this.#counts.held();
    if (fallback !== 'hide' || stage === 'encode' || !this.#isInTime('encode', current.deadline)) {
      return this.#giveUp(current, stage, 'late');
    }
    this.#encode(current, this.#pass.hide(this.#outlet.work.picture));
  }

  #giveUp({ chunk }: Current, stage: DropStage, reason: DropReason): void {
    this.#counts.drops.count(stage, reason);
    if (!this.#isClosing()) this.#repeat(chunk.timestamp);
  }

  #encode({ chunk, deadline, step }: Current, outcome: Outcome): void {
    const started = this.#parts.clock.now();
    const { captureTime } = chunk;
    const encoded = { ...this.#outlet.encode(chunk.timestamp, step), ...(captureTime && { captureTime }) };
    this.#took('encode', this.#parts.clock.now() - started);
    this.#counts.sent(outcome, step);
    this.#lastOutcome = outcome;
    this.#sendOut(encoded, outcome, chunk.decodable, deadline);
    // What waits is the session's own next frame, which must not wait for this.
    if (!this.#intake.hasNewer) this.#encodeSmall({ outcome, decodable: chunk.decodable, timestamp: chunk.timestamp });
  }

  /** Encodes the picture that was sent last a second time, smaller, for those who need that. */
  #encodeSmall(of: { readonly outcome: Outcome; readonly decodable: Milli; readonly timestamp?: RtpTicks }): void {
    const last = this.#outlet.lastSent;
    if (last === undefined || !this.#small.isNeeded) return;
    const { outcome, decodable, timestamp = addTicks(last.timestamp, 1) } = of;
    const started = this.#parts.clock.now();
    const chunk = this.#small.encode(last.picture, timestamp);
    this.#smallAt = this.#parts.clock.now();
    this.#counts.took('encode-small', this.#smallAt - started);
    if (chunk === undefined) return;
    const deadline = decodable + this.#settings.budget;
    this.#parts.send({ type: 'chunk', session: this.id, chunk, encoding: 'small', outcome, decodable, deadline });
  }

  /** Sends the last picture sent again, as the keyframe that was asked for: never one that was not to be shown. */
  #repeat(timestamp?: RtpTicks): void {
    const encoded = this.#outlet.repeat(timestamp);
    if (!encoded) return;
    const now = this.#parts.clock.now();
    this.#sendOut(encoded, this.#lastOutcome, now, now + this.#settings.budget);
  }

  #sendOut(chunk: EncodedChunk, outcome: Outcome, decodable: Milli, deadline: Milli): void {
    if (!this.#outlet.keyframeWanted) this.#keyframeWantedAt = undefined;
    this.#parts.send({ type: 'chunk', session: this.id, chunk, outcome, decodable, deadline });
  }

  #tellFaces(faces: Faces): void {
    this.#counts.faces = faces.tracked.length + faces.seen.length;
    for (const { kind, id } of faces.events) this.#parts.send({ type: 'face', session: this.id, event: kind, id });
  }

  #took(station: (typeof STAGES)[number], duration: Milli): void {
    this.#cost.observe(station, duration);
    this.#counts.took(station, duration);
  }

  #giveCreditsBack(): void {
    if (this.#credits === 0) return;
    this.#parts.send({ type: 'credit', session: this.id, count: this.#credits });
    this.#credits = 0;
  }

  #isClosing(): boolean {
    return this.#state === 'closing';
  }

  #free(): void {
    this.#state = 'closed';
    this.#intake.close();
    this.#outlet.close();
    this.#small.close();
  }
}

import type { WorkPicture } from '../../codec/work-picture.ts';
import type { Faces } from '../../face/face.ts';
import type { Chunk } from '../../media/chunk.ts';
import type { I420 } from '../../media/plane.ts';
import { Drops, type DropReason, type DropStage } from '../../schedule/drop.ts';
import type { Waiting } from '../../schedule/lane.ts';
import { recognisableIn } from '../../swap/neural/sources.ts';
import type { LaneLevel } from '../../swap/neural/crop-lane.ts';
import type { PreparedIdentity } from '../../swap/swap.ts';
import type { Milli } from '../../time.ts';
import type { Wearer } from '../cast/cast.ts';
import type { Encoding, Outcome } from '../pixel.ts';
import type { SessionSettings } from '../settings.ts';
import { Departures, type Departing, type DeparturesParts } from './departures.ts';
import { FacePass, type Crops, type Look, type PassParts, type PassStage } from './face-pass.ts';
import { FigureCounts } from './figures.ts';
import { FrameRate } from './frame-rate.ts';
import { FrameTime } from './frame-time.ts';
import { Intake, type Arrival, type IntakeParts } from './intake.ts';
import { Ladder } from './ladder.ts';
import { AT_EASE, easeAt } from './neural/ease.ts';
import type { Away, FlightsParts } from './neural/flights.ts';
import { NetworkWay } from './neural/network-way.ts';
import { StageTimes } from './stage-times.ts';

/** Bits a second below which nothing is left to be seen. */
const LEAST_BITRATE = 50_000;

export interface PixelSessionParts
  extends
    Pick<PassParts, 'tracker' | 'backend' | 'cells' | 'clock' | 'onSwapError'>,
    Pick<IntakeParts, 'createDecoder' | 'decodeLimit' | 'poll'>,
    Pick<DeparturesParts, 'encoder' | 'encodesAside' | 'createSmallEncoder' | 'send' | 'onFailed'> {
  /** The way to a swap network, for sessions that chose one. */
  readonly neural?: Pick<FlightsParts, 'recipe' | 'lane' | 'onBack'>;
}

/** A frame on its way; its picture once there is one. */
type Frame = Omit<Departing, 'work'> & { readonly work?: WorkPicture };

/** A session's frames that wait to be worked on. */
export interface WaitingFrames extends Waiting {
  readonly session: PixelSession;
}

/**
 * The pixel half of one session: chunks in, swapped chunks out. All calls come from its PixelThread: one `step` at a time, and
 * one `land`, which may run while a step waits for a model.
 */
export class PixelSession {
  readonly id: string;
  readonly #parts: PixelSessionParts;
  readonly #counts = new FigureCounts(new Drops());
  readonly #times: StageTimes;
  readonly #frameTime = new FrameTime();
  readonly #frameRate = new FrameRate();
  readonly #ladder: Ladder;
  readonly #intake: Intake;
  readonly #pass: FacePass;
  readonly #departures: Departures;
  readonly #network: NetworkWay | undefined;
  #ease = AT_EASE;
  #settings: SessionSettings;
  /** Bits a second that the way to the peer carries. */
  #carried = Infinity;
  #credits = 0;
  #servedAt: Milli = -Infinity;
  /** A frame was late since. */
  #lost = false;
  /** Steps and landings that have begun and not ended. */
  #working = 0;
  #state: 'open' | 'closing' | 'closed' = 'open';

  constructor(id: string, parts: PixelSessionParts, settings: SessionSettings) {
    this.id = id;
    this.#parts = parts;
    this.#settings = settings;
    this.#times = new StageTimes(parts.clock, this.#counts);
    const took: StageTimes['took'] = (station, duration) => this.#times.took(station, duration);
    this.#departures = new Departures(id, { ...parts, onTook: took });
    this.#ladder = new Ladder(parts.encoder.codec, settings.bitrate);
    this.#pass = new FacePass({ ...parts, onStage: took }, settings);
    const [pass, times, counts] = [this.#pass, this.#times, this.#counts];
    this.#network = parts.neural && new NetworkWay({ ...parts, ...parts.neural, pass, times, counts });
    this.#intake = new Intake({
      ...parts,
      drops: this.#counts.drops,
      onSettled: (count) => (this.#credits += count),
      onNeedKeyframe: () => parts.send({ type: 'need-keyframe', session: id }),
      onDecoded: ({ timestamp }, duration) => {
        this.#frameRate.note(timestamp);
        this.#counts.decoded();
        took('decode', duration);
      },
    });
  }

  /** What has arrived: of it the newest frame is worked on. */
  get arrivals(): WaitingFrames {
    const since = this.#intake.waitingSince;
    return {
      session: this,
      deadline: since === undefined ? undefined : since + this.#settings.budget,
      expected: this.#times.remaining('decode'),
      behindSince: this.#behindSince,
    };
  }

  /** What has come back swapped. */
  get returns(): WaitingFrames {
    return {
      session: this,
      deadline: this.#network?.back?.frame.deadline,
      expected: this.#times.remaining('paste'),
      behindSince: this.#behindSince,
    };
  }

  put(chunk: Chunk): void {
    this.#intake.put(chunk);
  }

  /** Who is put on, from the next frame on. */
  wear(identity: PreparedIdentity | null): void {
    this.#pass.wear(identity);
  }

  /** Who besides wears somebody of their own, from the next frame on. */
  cast(wearers: readonly Wearer[]): void {
    this.#pass.cast(wearers);
  }

  /** What the recogniser made of a face; `undefined`: it could not say. */
  recognised(face: number, embedding: Float32Array | undefined): void {
    this.#pass.answer(face, embedding);
  }

  /** Load has changed how far the session's lane is degraded; from the next frame on. */
  degrade(level: LaneLevel): void {
    this.#ease = easeAt(level);
    this.#counts.level = level;
    this.#pass.hidden = this.#ease.hidden;
    this.configure(this.#settings);
  }

  /** A GPU worker was at a frame of it for so long. */
  spent(time: Milli): void {
    this.#counts.gpu += time;
  }

  /** From the next frame on. */
  configure(settings: SessionSettings): void {
    const changed = settings.bitrate !== this.#settings.bitrate;
    this.#settings = settings;
    this.#pass.configure({ ...settings, faces: Math.min(settings.faces, this.#ease.faces) });
    if (changed) this.setBitrate(this.#carried);
  }

  /** From the next frame on, within what the settings allow and what still makes a picture. */
  setBitrate(bitsPerSecond: number): void {
    this.#carried = bitsPerSecond;
    const bitrate = Math.max(LEAST_BITRATE, Math.min(bitsPerSecond, this.#settings.bitrate));
    this.#departures.setBitrate(bitrate);
    this.#ladder.bitrate = bitrate;
  }

  /** Of the small encoding; null: nobody needs it any more. */
  setSmallBitrate(bitsPerSecond: number | null): void {
    this.#departures.setSmallBitrate(bitsPerSecond);
  }

  requestKeyframe(encoding: Encoding = 'main'): void {
    this.#departures.requestKeyframe(encoding);
  }

  /** Decodes what waits and brings the newest frame out, if it can be in time, or sends its faces to be swapped elsewhere. */
  step(): Promise<void> {
    return this.#work(async () => {
      const arrival = this.#intake.take(this.#settings.maximumSide);
      this.#giveCreditsBack();
      if (arrival) await this.#frame(arrival);
      this.#giveCreditsBack();
    });
  }

  /** Brings a frame out that has come back swapped, if there is one. */
  land(): Promise<void> {
    return this.#work(async () => {
      if (this.#network?.back) await this.#land(this.#network, this.#network.back);
    });
  }

  /** To be called every now and then: encodes the last picture sent again if a keyframe was asked for and no frame comes. */
  tick(): void {
    if (this.#state === 'open' && this.#working === 0) this.#departures.tick(this.#settings.budget);
  }

  /** Resolves once all frames that were brought out have been sent. */
  idle(): Promise<void> {
    return this.#departures.idle();
  }

  /** Tells the figures of the last second. */
  report(): void {
    this.#parts.send({ type: 'figures', session: this.id, figures: this.#counts.read() });
  }

  /** Idempotent. A frame that is worked on ends first, and is not sent. */
  close(): void {
    if (this.#state !== 'open') return;
    this.#state = 'closing';
    if (this.#working === 0) this.#free();
  }

  /** When its last frame went out, if frames have been lost since because others were served. */
  get #behindSince(): Milli | undefined {
    return this.#lost || this.#intake.isBehind ? this.#servedAt : undefined;
  }

  async #work(work: () => Promise<void>): Promise<void> {
    if (this.#state !== 'open') return;
    this.#working++;
    try {
      await work();
    } finally {
      // A message may have closed the session meanwhile.
      if (--this.#working === 0 && this.#isClosing()) this.#free();
    }
  }

  async #frame(arrival: Arrival): Promise<void> {
    const begun = this.#begin(arrival);
    const { at } = begun;
    if (arrival.backlog) return this.#giveUp(begun, 'decode', 'backlog');
    const admitted = this.#frameRate.admit(at, Math.min(begun.step.frameRateLimit, this.#ease.frameRate));
    // A keyframe that is wanted is made of the first frame that comes.
    if (!admitted && !this.#departures.keyframeWanted) return this.#giveUp(begun, 'decode', 'thinned');
    const frame: Departing = { ...begun, work: this.#copy(arrival) };
    let objection: DropReason | undefined;
    const stillWanted = (stage: PassStage) => (objection = this.#objectionTo(stage, frame)) === undefined;
    const look = await this.#pass.look(frame.work.picture, { at, stillWanted });
    if (look.faces) this.#tellFaces(look.faces);
    if (look.kind === 'unwanted') return this.#unwanted(frame, look.stage, objection);
    this.#askAbout(frame.work.picture, look);
    const sent = this.#network?.send(frame, look, this.#ease);
    if (sent === undefined) this.#show(frame, look, await this.#pass.swap(frame.work.picture, look));
    // No way there: as if it had been given up on the way.
    else if (!sent) this.#show(frame, look, []);
  }

  /** A frame has come back from the network, or was given up there. */
  async #land(network: NetworkWay, away: Away): Promise<void> {
    const { frame, look, flight, back } = away;
    const overtaken = this.#departures.isOvertaken(frame.at);
    const late = back?.pixels !== undefined && !this.#times.isInTime('paste', frame.deadline);
    const crops = await network.land(away, !overtaken && !late, this.#ease);
    if (overtaken) this.#giveUp(frame, 'lane', 'replaced');
    else if (late) this.#late(frame, 'composite');
    else this.#show(frame, look, crops, flight.reposed);
  }

  /** Brings a frame out with these faces; those that are missing are hidden, or nothing is sent for a while. */
  #show(frame: Departing, look: Look, crops: Crops, reposed = false): void {
    let objection: DropReason | undefined;
    const stillWanted = (stage: PassStage) => (objection = this.#objectionTo(stage, frame)) === undefined;
    const shown = this.#pass.show(frame.work.picture, look, crops, stillWanted);
    switch (shown.kind) {
      case 'ready':
        return this.#finish(frame, reposed && shown.outcome === 'swapped' ? 'reused' : shown.outcome, shown.failed);
      case 'held':
        this.#counts.held();
        return this.#giveUp(frame, 'swap', 'failed');
      case 'unwanted':
        return this.#unwanted(frame, shown.stage, objection);
    }
  }

  #begin({ chunk, width, height }: Arrival): Frame {
    const at = this.#frameTime.next(chunk.timestamp, chunk.decodable);
    const frameRate = this.#frameRate.current;
    const step = this.#ladder.step({ width, height, frameRate }, this.#parts.clock.now());
    return { chunk, at, step, deadline: chunk.decodable + this.#settings.budget };
  }

  #copy(arrival: Arrival): WorkPicture {
    const started = this.#parts.clock.now();
    const work = this.#departures.lend();
    this.#intake.copyTo(work, arrival);
    this.#times.took('copy', this.#parts.clock.now() - started);
    this.#counts.width = work.picture.width;
    this.#counts.height = work.picture.height;
    return work;
  }

  /**
   * Why a stage should not be begun. A newer frame takes this one's place only before anything is spent on it: once it has
   * been, bringing it out costs less than starting on the newer one, and a thread that is always late would bring out none.
   */
  #objectionTo(stage: PassStage, { deadline }: Frame): DropReason | undefined {
    this.#parts.poll();
    if (this.#isClosing()) return 'closed';
    if (stage === 'track' && this.#intake.hasNewer) return 'replaced';
    return this.#times.isInTime(stage, deadline) ? undefined : 'late';
  }

  /** In time, after the pictures that are still to be encoded. */
  #canEncode({ deadline }: Frame): boolean {
    return this.#times.isInTime('encode', deadline - this.#departures.waiting * this.#times.remaining('encode'));
  }

  #unwanted(frame: Departing, stage: PassStage, objection: DropReason | undefined): void {
    if (objection === 'late') this.#late(frame, stage);
    else this.#giveUp(frame, stage, objection ?? 'closed');
  }

  #finish(frame: Departing, outcome: Outcome, failed: boolean): void {
    if (this.#isClosing()) return this.#giveUp(frame, 'encode', 'closed');
    if (!this.#canEncode(frame)) return this.#late(frame, 'encode');
    this.#depart(frame, outcome);
    if (!failed) this.#pass.exposure.succeeded();
  }

  /** A frame cannot be in time. After the hold it goes out hidden, if at least that can be done. */
  #late(frame: Departing, stage: DropStage): void {
    this.#times.doubt();
    this.#lost = true;
    const fallback = this.#pass.exposure.fallback(frame.at);
    if (fallback === 'hold') this.#counts.held();
    if (fallback !== 'hide' || stage === 'encode' || !this.#canEncode(frame)) {
      return this.#giveUp(frame, stage, 'late');
    }
    this.#depart(frame, this.#pass.hide(frame.work.picture));
  }

  #giveUp(frame: Frame, stage: DropStage, reason: DropReason): void {
    this.#counts.drops.count(stage, reason);
    if (frame.work) this.#departures.giveBack(frame.work);
    if (!this.#isClosing()) this.#departures.pass(frame, this.#settings.budget);
  }

  #depart(frame: Departing, outcome: Outcome): void {
    this.#counts.sent(outcome, frame.step);
    this.#servedAt = this.#parts.clock.now();
    this.#lost = false;
    this.#departures.depart(frame, outcome, this.#intake.hasNewer);
  }

  /** Has the recogniser look at a face if somebody's part depends on whose it is. */
  #askAbout(picture: I420, look: Look): void {
    const asked = this.#pass.question(look);
    if (asked === undefined) return;
    const crop = recognisableIn(picture, asked.landmarks);
    if (crop === undefined) this.#pass.answer(asked.id, undefined);
    else this.#parts.send({ type: 'recognise', session: this.id, face: asked.id, crop });
  }

  #tellFaces(faces: Faces): void {
    this.#counts.faces = faces.tracked.length + faces.seen.length;
    for (const { kind, id } of faces.events) this.#parts.send({ type: 'face', session: this.id, event: kind, id });
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
    for (let away = this.#network?.close() ?? 0; away > 0; away--) this.#counts.drops.count('lane', 'closed');
    this.#departures.close();
  }
}

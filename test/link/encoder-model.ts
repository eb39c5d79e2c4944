import type { Milli } from '../../src/time.ts';
import type { Random } from '../media/random.ts';

const FRAME_RATE = 30;
/** Pictures of one rate differ in size: standard deviation of the logarithm. */
const SPREAD = 0.15;
/** A rate that is asked for is reached by so much a frame. */
const AGILITY = 0.25;
const KEYFRAME_FACTOR = 5;

/** Sizes of pictures as an encoder makes them: 30 a second from a random instant on, around the rate, the first one large. */
export class EncoderModel {
  readonly #random: Random;
  readonly #maximum: number;
  #rate: number;
  #nextAt: Milli;
  #keyframe = true;

  /** @param options.maximum bits a second that the picture is worth at most */
  constructor(options: { readonly rate: number; readonly maximum: number; readonly startAt: Milli }, random: Random) {
    this.#random = random;
    this.#maximum = options.maximum;
    this.#rate = Math.min(options.rate, options.maximum);
    this.#nextAt = options.startAt + random.between(0, 1000 / FRAME_RATE);
  }

  /** Bytes of the picture that is ready at `now`, if one is. @param target bits a second that are asked for */
  due(target: number, now: Milli): number | undefined {
    if (now < this.#nextAt) return undefined;
    this.#nextAt += 1000 / FRAME_RATE;
    this.#rate += AGILITY * (Math.min(target, this.#maximum) - this.#rate);
    const factor = (this.#keyframe ? KEYFRAME_FACTOR : 1) * Math.exp(SPREAD * this.#random.normal());
    this.#keyframe = false;
    return (this.#rate / 8 / FRAME_RATE) * factor;
  }
}

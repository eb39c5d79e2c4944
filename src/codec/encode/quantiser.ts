/** Quantisers of VP8 and VP9, 0 (best) to 63. Below 10 the bits buy nothing that a viewer sees. */
const BEST = 10;
const WORST = 63;

/** Seconds of the bit rate that a keyframe should take, and may: more would arrive late, however well it is paced. */
const KEYFRAME_SECONDS = 0.13;
const KEYFRAME_MOST = 0.2;

/** Quantiser steps for half the bits that any other frame is sure to need: in truth it is 5 to 10. */
const DELTA_STEP = 4;

/** A keyframe's size halves about every this many quantiser steps. */
const KEYFRAME_HALVING = 14;

/**
 * Rate control for libvpx from outside. Through FFmpeg it ignores a new bit rate once it is open, but reads the largest
 * quantiser again for every frame; held to a bit rate far too low it always uses just that one. So this picks the
 * quantiser of each frame: an integrator over the bits that were overspent (a leaky bucket), and a step towards the size
 * the next frame should have.
 */
export class QuantiserControl {
  #bitrate: number;
  #frameRate: number;
  /** Bits spent beyond the plan; negative: saved. */
  #overspent = 0;
  #delta: number | undefined;
  #key: number | undefined;

  /** @param bitrate bits a second @param frameRate frames a second */
  constructor(bitrate: number, frameRate: number) {
    this.#bitrate = bitrate;
    this.#frameRate = frameRate;
  }

  /** New plan, from the next frame on. */
  plan(bitrate: number, frameRate: number): void {
    // Half way at once, by what a quantiser step usually does to a frame; the next frames tell the rest.
    const change = (this.#bitrate * frameRate) / (this.#frameRate * bitrate);
    if (this.#delta !== undefined) this.#delta = clamp(this.#delta + DELTA_STEP * Math.log2(change), BEST, WORST);
    this.#bitrate = bitrate;
    this.#frameRate = frameRate;
  }

  /** Bits that a keyframe should have. */
  get keyframeBits(): number {
    return KEYFRAME_SECONDS * this.#bitrate;
  }

  /** Quantiser for a keyframe of `pixels` pixels. */
  forKeyframe(pixels: number): number {
    this.#key ??= firstKeyframe(this.keyframeBits / pixels);
    return toQuantiser(this.#key);
  }

  /** Quantiser for any other frame. */
  forDelta(): number {
    return toQuantiser(this.#delta ?? WORST);
  }

  /** A keyframe of `bits` came of `quantiser`. True if it is so large that making it again, smaller, is worth it. */
  keyframeTried(bits: number, quantiser: number): boolean {
    this.#key = this.#learnt(bits, quantiser);
    return bits > KEYFRAME_MOST * this.#bitrate && toQuantiser(this.#key) > quantiser;
  }

  /** A keyframe of `bits`, that came of `quantiser`, is sent. */
  keyframeCame(bits: number, quantiser: number): void {
    this.#spend(bits);
    // What follows refines it step by step: a finer quantiser at once would code the whole picture again.
    this.#delta = Math.max(this.#delta ?? BEST, quantiser - 2);
  }

  /**
   * Another frame of `bits` came of `quantiser`. True if it is so large that it would block the way for long, as when the
   * scene changes after a still one: then a keyframe should be made in its place.
   */
  deltaTried(bits: number, quantiser: number): boolean {
    if (bits <= 2 * this.keyframeBits || quantiser >= WORST) return false;
    // Nothing of it came from earlier pictures, so it tells how large a keyframe would be.
    this.#key = this.#learnt(bits, quantiser);
    this.#delta = this.#key;
    return true;
  }

  /** Another frame of `bits` is sent, which should have had `share` of an even split (layers below others get more). */
  deltaCame(bits: number, share = 1): void {
    this.#spend(bits);
    const planned = (share * this.#bitrate) / this.#frameRate;
    const wanted = planned * clamp(1 - this.#overspent / (0.4 * this.#bitrate), 0.25, 2);
    const step = clamp(4 * Math.log2(Math.max(bits, 200) / wanted), -4, 6);
    this.#delta = clamp((this.#delta ?? WORST) + step, BEST, WORST);
  }

  #learnt(bits: number, quantiser: number): number {
    return clamp(quantiser + KEYFRAME_HALVING * Math.log2(bits / this.keyframeBits), BEST, WORST);
  }

  #spend(bits: number): void {
    const overspent = this.#overspent + bits - this.#bitrate / this.#frameRate;
    this.#overspent = clamp(overspent, -0.3 * this.#bitrate, 0.8 * this.#bitrate);
  }
}

/** A first guess from the bits a pixel may have; the next keyframes learn from the last. */
function firstKeyframe(bitsPerPixel: number): number {
  return clamp(30 - KEYFRAME_HALVING * Math.log2(bitsPerPixel / 0.5), BEST, WORST);
}

function toQuantiser(value: number): number {
  return Math.round(clamp(value, BEST, WORST));
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}

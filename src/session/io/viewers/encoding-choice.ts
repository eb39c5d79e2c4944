import type { Milli } from '../../../time.ts';
import type { Encoding } from '../../pixel.ts';
import { PICTURES_SHARE } from './pictures-share.ts';

/** The main encoding must have been too much for so long: an estimate begins low, and probes raise it within a second. */
const TOO_MUCH: Milli = 1500;
/** It must fit with so much to spare for so long before a viewer goes back: each change costs a keyframe. */
const SPARE = 0.8;
const PATIENCE: Milli = 4000;

/**
 * Which of two encodings a viewer gets, where pictures cannot be left out of the main one: the small one while its way does
 * not carry the main one. It changes over with a keyframe of the other, and gets what it had until that comes.
 */
export class EncodingChoice {
  #wanted: Encoding = 'main';
  #shown: Encoding = 'main';
  /** Since when what is wanted has not been right. */
  #since: Milli | undefined;

  /** Which one is right for its way. */
  get wanted(): Encoding {
    return this.#wanted;
  }

  /** Which one it gets. */
  get shown(): Encoding {
    return this.#shown;
  }

  /**
   * The way carries `estimate`, the main encoding takes `rate`, both bits a second.
   * @returns whether another one is wanted than before
   */
  follow({ estimate, rate }: { readonly estimate: number; readonly rate: number }, now: Milli): boolean {
    const carried = estimate * PICTURES_SHARE;
    const wrong = this.#wanted === 'main' ? rate > carried : rate <= SPARE * carried;
    if (!wrong) this.#since = undefined;
    else this.#since ??= now;
    if (this.#since === undefined || now - this.#since < (this.#wanted === 'main' ? TOO_MUCH : PATIENCE)) return false;
    this.#wanted = this.#wanted === 'main' ? 'small' : 'main';
    this.#since = undefined;
    return true;
  }

  /** Whether the viewer gets this chunk. */
  admit(encoding: Encoding, keyframe: boolean): boolean {
    if (keyframe && encoding === this.#wanted) this.#shown = encoding;
    return encoding === this.#shown;
  }
}

/** What a thread holds of FFmpeg's memory. */
export interface NativeHeld {
  /** Work pictures with memory. */
  readonly pictures: number;
  /** Live decoders and encoders that have not been closed. */
  readonly codecs: number;
}

const held = { pictures: 0, codecs: 0 };

/** What the calling thread holds now. */
export function nativeHeld(): NativeHeld {
  return { ...held };
}

/** For this room: one more, or one less. */
export function countNative(kind: keyof NativeHeld, by: 1 | -1): void {
  held[kind] += by;
}

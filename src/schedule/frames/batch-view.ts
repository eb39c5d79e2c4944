/** A batch as the scheduler gives it out: `FrameScheduler.take` fills one that its caller uses again and again. */
export class BatchView {
  /** What its crops go through. */
  recipe = 0;
  /** Frames in it; of the arrays below so many entries are set. */
  size = 0;
  /** Crops in it: those of all its frames. */
  crops = 0;
  /** Lane of each frame. */
  readonly lanes: Int32Array;
  /** Number of each frame, as it was offered. */
  readonly frames: Float64Array;
  /** Crops of each frame. */
  readonly faces: Int32Array;

  /** @param maximum most crops in a batch */
  constructor(maximum: number) {
    this.lanes = new Int32Array(maximum);
    this.frames = new Float64Array(maximum);
    this.faces = new Int32Array(maximum);
  }
}

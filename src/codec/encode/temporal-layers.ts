import { AV_PIX_FMT_YUV420P } from 'node-av/constants';
import { Filter, FilterGraph, Frame } from 'node-av/lib';
import { assert } from '../../errors.ts';
import type { TemporalPlace } from '../../media/chunk.ts';
import { check } from '../av.ts';

/** How many temporal layers a stream may have. */
export type LayerCount = 1 | 2 | 3;

/** What libvpx is told of one frame (vpx/vp8cx.h; VP9 takes the same flags). */
const NO_REF_GOLDEN = 1 << 17;
const NO_UPD_LAST = 1 << 18;
const NO_UPD_ENTROPY = 1 << 20;
const NO_REF_ALTREF = 1 << 21;
const NO_UPD_GOLDEN = 1 << 22;
const NO_UPD_ALTREF = 1 << 23;

interface Step extends TemporalPlace {
  readonly flags: number;
  /** Of an even share of the bits: what more frames build on gets more. */
  readonly share: number;
}

/** `last` holds layer 0, `golden` layer 1. Nothing of an upper layer, its statistics included, stays for a lower one. */
const TOP = NO_REF_ALTREF | NO_UPD_LAST | NO_UPD_GOLDEN | NO_UPD_ALTREF | NO_UPD_ENTROPY;
const lowest = (share: number): Step => ({
  layer: 0,
  sync: false,
  referenced: true,
  flags: NO_REF_GOLDEN | NO_REF_ALTREF | NO_UPD_GOLDEN | NO_UPD_ALTREF,
  share,
});

const PATTERNS: Record<LayerCount, readonly Step[]> = {
  1: [],
  2: [lowest(1.2), { layer: 1, sync: true, referenced: false, flags: TOP | NO_REF_GOLDEN, share: 0.8 }],
  3: [
    lowest(1.6),
    { layer: 2, sync: true, referenced: false, flags: TOP | NO_REF_GOLDEN, share: 0.8 },
    { layer: 1, sync: true, referenced: true, flags: (TOP | NO_REF_GOLDEN) & ~NO_UPD_GOLDEN, share: 0.8 },
    { layer: 2, sync: false, referenced: false, flags: TOP, share: 0.8 },
  ],
};

/**
 * Temporal layers for libvpx by its flags for each frame. Its own layers (`ts-parameters`) would come with a rate control
 * for each, which ignores new rates just as the ordinary one does; flags leave the quantiser to us.
 */
export class TemporalLayers {
  readonly #pattern: readonly Step[];
  /** Small frames that carry the flags, by flags: there is no other way to put metadata on a frame. */
  readonly #carriers = new Map<number, Frame>();
  #next = 0;

  constructor(count: LayerCount) {
    this.#pattern = PATTERNS[count];
    for (const flags of new Set([0, ...this.#pattern.map((step) => step.flags)])) {
      if (this.#pattern.length > 0) this.#carriers.set(flags, carrier(flags));
    }
  }

  /** Share of an even split of the bits that the next frame should have. */
  get share(): number {
    return this.#pattern[this.#next]?.share ?? 1;
  }

  /** Puts what libvpx must know on a frame that is about to be encoded. The rest of its properties is lost. */
  mark(frame: Frame, keyframe: boolean): void {
    if (this.#pattern.length > 0) this.#put(frame, keyframe ? 0 : (this.#pattern[this.#next]?.flags ?? 0));
  }

  /** Takes it off again: the picture may be encoded for others too. */
  unmark(frame: Frame): void {
    if (this.#pattern.length > 0) this.#put(frame, 0);
  }

  /** A frame has been encoded: where it stands. Keyframes begin the pattern. */
  came(keyframe: boolean): TemporalPlace | undefined {
    const step = this.#pattern[keyframe ? 0 : this.#next];
    if (!step) return undefined;
    this.#next = ((keyframe ? 0 : this.#next) + 1) % this.#pattern.length;
    return { layer: step.layer, sync: keyframe || step.sync, referenced: step.referenced };
  }

  /** Idempotent. */
  close(): void {
    for (const frame of this.#carriers.values()) frame.free();
    this.#carriers.clear();
  }

  #put(frame: Frame, flags: number): void {
    const from = this.#carriers.get(flags);
    assert(from, 'layers are open while they are used');
    check(frame.copyProps(from), 'mark a picture');
  }
}

/** node-av reads a frame's metadata but does not write it; FFmpeg's `metadata` filter does. */
function carrier(flags: number): Frame {
  const plain = new Frame();
  plain.alloc();
  plain.width = 16;
  plain.height = 16;
  plain.format = AV_PIX_FMT_YUV420P;
  check(plain.getBuffer(), 'allocate a picture');
  const graph = new FilterGraph();
  graph.alloc();
  const add = (name: string, options?: string) => {
    const filter = Filter.getByName(name);
    const context = filter && graph.createFilter(filter, name, options);
    assert(context, `this build has the filter ${name}`);
    return context;
  };
  const source = add('buffer', 'video_size=16x16:pix_fmt=yuv420p:time_base=1/90000');
  const metadata = add('metadata', `mode=add:key=vp8-flags:value=${flags}`);
  const sink = add('buffersink');
  check(source.link(0, metadata, 0), 'join filters');
  check(metadata.link(0, sink, 0), 'join filters');
  check(graph.configSync(), 'open filters');
  check(source.buffersrcAddFrameSync(plain), 'put a picture into filters');
  const marked = new Frame();
  marked.alloc();
  check(sink.buffersinkGetFrameSync(marked), 'take a picture out of filters');
  graph.free();
  plain.free();
  return marked;
}

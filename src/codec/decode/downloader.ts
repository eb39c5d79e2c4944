import { AV_PIX_FMT_NV12, AV_PIX_FMT_YUV420P, SWS_POINT } from 'node-av/constants';
import { Frame, SoftwareScaleContext } from 'node-av/lib';
import { check } from '../av.ts';
import type { WorkPicture } from '../work-picture.ts';

/** Brings pictures from a device into a work picture: into the processor's memory as NV12, then into three planes. */
export class Downloader {
  readonly #frame = new Frame();
  #unpacker: SoftwareScaleContext | undefined;
  #size = '';

  constructor() {
    this.#frame.alloc();
  }

  /** Takes `from`, which lies on a device and is 8-bit 4:2:0. False if the device does not give it. */
  fetch(from: Frame): boolean {
    this.#frame.unref();
    this.#frame.format = AV_PIX_FMT_NV12;
    if (from.hwframeTransferDataSync(this.#frame) < 0) return false;
    this.#frame.width = from.width;
    this.#frame.height = from.height;
    return true;
  }

  /** Copies what was fetched last. */
  copyTo(work: WorkPicture): void {
    const { width, height } = this.#frame;
    work.resize(width, height);
    check(this.#unpackerFor(width, height).scaleFrameSync(work.native, this.#frame), 'unpack a picture');
  }

  /** Idempotent. */
  close(): void {
    this.#unpacker?.freeContext();
    this.#unpacker = undefined;
    this.#frame.free();
  }

  #unpackerFor(width: number, height: number): SoftwareScaleContext {
    const size = `${width}x${height}`;
    if (this.#unpacker && this.#size === size) return this.#unpacker;
    this.#unpacker?.freeContext();
    const unpacker = new SoftwareScaleContext();
    unpacker.getContext(width, height, AV_PIX_FMT_NV12, width, height, AV_PIX_FMT_YUV420P, SWS_POINT);
    this.#unpacker = unpacker;
    this.#size = size;
    return unpacker;
  }
}

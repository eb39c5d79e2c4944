import { availableParallelism } from 'node:os';
import { createDecoder } from '../../codec/decoder.ts';
import { createEncoder } from '../../codec/encoder.ts';
import type { Hardware, HardwareSettings } from '../../codec/hardware.ts';
import { FaceModels } from '../../face/models.ts';
import { FaceTracker } from '../../face/tracker.ts';
import type { Logger } from '../../log.ts';
import type { VideoCodec } from '../../media/chunk.ts';
import type { ModelStore } from '../../onnx/model-store.ts';
import { createFaceCells } from '../../swap/front/face-cells.ts';
import { openMasks } from '../../swap/masks/kept-masks.ts';
import type { MaskBox } from '../../swap/masks/paint.ts';
import { MeshBackend } from '../../swap/mesh/mesh-backend.ts';
import { monotonic, type Clock, type Milli } from '../../time.ts';
import type { PixelParts } from './pixel-thread.ts';

/** A picture of the largest size takes some 20 ms on a slow core. */
const DECODE_LIMIT: Milli = 250;

/** On fewer, what works beside a pixel thread would only take its time away. */
const CORES_TO_WORK_ASIDE = 4;

/** Whether other threads encode and run models, while a pixel thread works on other frames. */
export const worksAside = (): boolean => availableParallelism() >= CORES_TO_WORK_ASIDE;

/** The real parts, and what else of them is of use in their thread. */
export interface OpenParts extends PixelParts {
  readonly models: FaceModels;
  readonly masks: MaskBox;
}

export interface PartsOptions {
  readonly store?: ModelStore;
  readonly clock?: Clock;
  /** Time that decoding a picture may take; default 250 ms. */
  readonly decodeLimit?: Milli;
  /** Whether other threads encode; default: where there are cores for them. */
  readonly encodesAside?: boolean;
  /** Processor time that others have taken for this thread's models so far, ms; default: none. */
  readonly timeAside?: () => Promise<Milli>;
  /** The device that decodes and encodes; default none. */
  readonly hardware?: Hardware;
  /** Where it is told that software has taken over from the device. */
  readonly log?: Logger;
}

/**
 * Opens models, masks and the mesh swap for one pixel thread.
 * @throws GatewayError asset_missing, asset_corrupt, model_unsupported
 */
export async function openParts(options: PartsOptions = {}): Promise<OpenParts> {
  const models = await FaceModels.open(options.store);
  const masks = await openMasks(models.geometry);
  return {
    models,
    masks,
    clock: options.clock ?? monotonic,
    decodeLimit: options.decodeLimit ?? DECODE_LIMIT,
    backend: new MeshBackend(models.geometry),
    cells: createFaceCells(models.geometry),
    createTracker: (maximum) => new FaceTracker(models, { maximum }),
    createDecoder: (codec) => createDecoder(codec, onDevice(options, codec)),
    createEncoder: (codec, settings) => createEncoder(codec, { ...settings, ...onDevice(options, codec) }),
    encodesAside: options.encodesAside ?? worksAside(),
    timeAside: options.timeAside ?? (() => Promise.resolve(0)),
    mask: (name) => masks.mask(name),
  };
}

/** Software takes over by itself; how often, the log tells. */
function onDevice({ hardware, log }: PartsOptions, codec: VideoCodec): HardwareSettings {
  if (hardware === undefined) return {};
  return {
    hardware,
    onFallback: (reason) => log?.warn({ hardware, codec, reason }, 'software codec instead of the device'),
  };
}

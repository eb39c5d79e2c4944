import { createDecoder } from '../../codec/decoder.ts';
import { createEncoder } from '../../codec/encoder.ts';
import { FaceModels } from '../../face/models.ts';
import { FaceTracker } from '../../face/tracker.ts';
import type { ModelStore } from '../../onnx/model-store.ts';
import { openMasks } from '../../swap/masks/kept-masks.ts';
import type { MaskBox } from '../../swap/masks/paint.ts';
import { MeshBackend } from '../../swap/mesh/mesh-backend.ts';
import { monotonic, type Clock } from '../../time.ts';
import type { PixelParts } from './pixel-thread.ts';

/** The real parts, and what else of them is of use in their thread. */
export interface OpenParts extends PixelParts {
  readonly models: FaceModels;
  readonly masks: MaskBox;
}

/**
 * Opens models, masks and the mesh swap for one pixel thread.
 * @throws GatewayError asset_missing, asset_corrupt, model_unsupported
 */
export async function openParts(
  options: { readonly store?: ModelStore; readonly clock?: Clock } = {},
): Promise<OpenParts> {
  const models = await FaceModels.open(options.store);
  const masks = await openMasks(models.geometry);
  return {
    models,
    masks,
    clock: options.clock ?? monotonic,
    backend: new MeshBackend(models.geometry),
    createTracker: (maximum) => new FaceTracker(models, { maximum }),
    createDecoder: (codec) => createDecoder(codec),
    createEncoder,
    mask: (name) => masks.mask(name),
  };
}

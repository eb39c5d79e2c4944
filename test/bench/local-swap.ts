import { readFileSync } from 'node:fs';
import { readPicture } from '../../src/codec/picture/read.ts';
import { FaceModels } from '../../src/face/models.ts';
import { FaceTracker } from '../../src/face/tracker.ts';
import { ModelStore } from '../../src/onnx/model-store.ts';
import { FacePass, type PassParts } from '../../src/session/pixel/face-pass.ts';
import { USUAL_LOOK } from '../../src/session/settings.ts';
import { prepareIdentity } from '../../src/swap/identity/prepare.ts';
import { MaskBox } from '../../src/swap/masks/paint.ts';
import { MeshBackend } from '../../src/swap/mesh/mesh-backend.ts';
import { Embedder } from '../../src/swap/neural/embedder.ts';
import type { RecipeFace } from '../../src/swap/neural/recipe.ts';
import { sourcesOf } from '../../src/swap/neural/sources.ts';
import type { PreparedIdentity } from '../../src/swap/swap.ts';
import { monotonic } from '../../src/time.ts';
import { portraitFile, type PortraitName } from '../media/portrait.ts';

/** Whom a bench puts on: a painted mask, or one of the two portraits as a photo. */
export type BenchIdentity = `mask:${string}` | PortraitName;

/** The consent that goes with a public-domain portrait. */
export const PORTRAIT_CONSENT = {
  subject: 'public-domain portrait',
  grantedBy: 'bench',
  grantedAt: '2026-01-01T00:00:00Z',
};

/** The settings of a session as a caller gets it without asking for anything. */
const USUAL = {
  policy: 'never',
  budget: 66,
  faces: 1,
  ...USUAL_LOOK,
  label: true,
} as const;

/** The product's own face engine in this process, for timing it and for knowing what a swapped frame must look like. */
export class LocalSwap {
  readonly models: FaceModels;
  readonly #masks: MaskBox;

  private constructor(models: FaceModels) {
    this.models = models;
    this.#masks = new MaskBox(models.geometry);
  }

  static async open(store = new ModelStore()): Promise<LocalSwap> {
    return new LocalSwap(await FaceModels.open(store));
  }

  /** @param recipes whose sources are made of a photo */
  async identity(wanted: BenchIdentity, recipes: readonly RecipeFace[] = []): Promise<PreparedIdentity> {
    if (wanted === 'astronaut' || wanted === 'hopper') {
      const photo = readPicture(readFileSync(portraitFile(wanted)));
      const { identity, landmarks } = await prepareIdentity(this.models, photo, PORTRAIT_CONSENT);
      return { ...identity, sources: await sourcesOf({ photo, landmarks }, recipes, new Embedder()) };
    }
    const mask = this.#masks.mask(wanted.slice('mask:'.length));
    if (!mask) throw new TypeError(`there must be such a mask [identity:${wanted}]`);
    return mask;
  }

  /** A fresh session's way through a picture. */
  pass(identity: PreparedIdentity | null, parts: Partial<Pick<PassParts, 'onStage' | 'tracker'>> = {}): FacePass {
    const tracker = parts.tracker ?? new FaceTracker(this.models, { maximum: 1 });
    const backend = new MeshBackend(this.models.geometry);
    const pass = new FacePass(
      { tracker, backend, clock: monotonic, ...(parts.onStage && { onStage: parts.onStage }) },
      USUAL,
    );
    pass.wear(identity);
    return pass;
  }

  async close(): Promise<void> {
    await this.models.close();
  }
}

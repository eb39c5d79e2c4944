import type { FaceGeometry } from '../onnx/geometry.ts';
import { ModelStore } from '../onnx/model-store.ts';
import { FaceDetector } from './detect/detector.ts';
import { FaceMesh } from './mesh/mesh.ts';

/** The face engine's models, open. One set serves all sessions of a thread. */
export class FaceModels {
  readonly near: FaceDetector;
  readonly far: FaceDetector;
  readonly mesh: FaceMesh;
  readonly geometry: FaceGeometry;

  private constructor(near: FaceDetector, far: FaceDetector, mesh: FaceMesh, geometry: FaceGeometry) {
    this.near = near;
    this.far = far;
    this.mesh = mesh;
    this.geometry = geometry;
  }

  /**
   * Opens all models; the first time on a machine they are converted, about 0.4 s.
   * @throws GatewayError asset_missing, asset_corrupt, model_unsupported
   */
  static async open(store: ModelStore = new ModelStore()): Promise<FaceModels> {
    return new FaceModels(
      await FaceDetector.open(store, 'shortRange'),
      await FaceDetector.open(store, 'fullRange'),
      await FaceMesh.open(store),
      await store.geometry(),
    );
  }

  /** Idempotent. */
  async close(): Promise<void> {
    await Promise.all([this.near.close(), this.far.close(), this.mesh.close()]);
  }
}

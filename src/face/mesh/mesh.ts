import type { Square } from '../../media/plane.ts';
import type { ModelStore } from '../../onnx/model-store.ts';
import type { OnnxSession, Outputs } from '../../onnx/session.ts';
import { LANDMARKS } from '../face.ts';
import { type Picture, PictureCropper } from '../picture.ts';
import { EYELID, LEFT_EYE, LEFT_IRIS, LIPS, RIGHT_EYE, RIGHT_IRIS } from './refinement.ts';

const RANGE = { black: 0, white: 1, outside: 'edge' } as const;

/**
 * MediaPipe's face mesh with attention (Grishchenko et al. 2020, arXiv:2006.10962). Input [1, 192, 192, 3] float32 RGB
 * 0…1, an upright crop of the face; outputs the mesh (468 × 3), lips, eyes and irises more exactly (× 2), all in pixels of
 * the crop, and a logit for "this is a face".
 */
export class FaceMesh {
  readonly #session: OnnxSession;
  readonly #cropper = new PictureCropper();
  readonly #size: number;

  private constructor(session: OnnxSession) {
    this.#session = session;
    this.#size = session.inputShape[1]!;
  }

  static async open(store: ModelStore): Promise<FaceMesh> {
    return new FaceMesh(await store.open('mesh'));
  }

  /**
   * Fits the mesh to what a rotated square shows.
   * @param landmarks takes `LANDMARKS` × (x, y, z) in pixels of the picture
   * @returns score 0–1
   */
  fit(picture: Picture, square: Square, landmarks: Float32Array): Promise<number> {
    return this.#session.run(
      (input) => this.#cropper.crop(picture, square, this.#size, input, RANGE),
      (outputs) => {
        merge(outputs, landmarks);
        toPicture(landmarks, square, this.#size);
        return 1 / (1 + Math.exp(-outputs['conv_faceflag']![0]!));
      },
    );
  }

  async close(): Promise<void> {
    await this.#session.close();
  }
}

/** Puts the refined points over the coarse ones. They have no depth of their own and keep that of the mesh. */
function merge(outputs: Outputs, landmarks: Float32Array): void {
  landmarks.set(outputs['output_mesh_identity']!);
  place(LIPS, outputs['output_lips']!, landmarks);
  place(LEFT_EYE, outputs['output_left_eye']!, landmarks);
  place(RIGHT_EYE, outputs['output_right_eye']!, landmarks);
  placeIris(LEFT_IRIS, outputs['output_left_iris']!, LEFT_EYE, landmarks);
  placeIris(RIGHT_IRIS, outputs['output_right_iris']!, RIGHT_EYE, landmarks);
}

function place(indices: Uint16Array, points: Float32Array, landmarks: Float32Array): void {
  for (let k = 0; k < indices.length; k++) {
    landmarks[indices[k]! * 3] = points[2 * k]!;
    landmarks[indices[k]! * 3 + 1] = points[2 * k + 1]!;
  }
}

function placeIris(first: number, points: Float32Array, eye: Uint16Array, landmarks: Float32Array): void {
  let depth = 0;
  for (let k = 0; k < EYELID; k++) depth += landmarks[eye[k]! * 3 + 2]! / EYELID;
  for (let k = 0; 2 * k < points.length; k++) {
    landmarks[(first + k) * 3] = points[2 * k]!;
    landmarks[(first + k) * 3 + 1] = points[2 * k + 1]!;
    landmarks[(first + k) * 3 + 2] = depth;
  }
}

function toPicture(landmarks: Float32Array, square: Square, size: number): void {
  const scale = square.size / size;
  const cosine = Math.cos(square.rotation) * scale;
  const sine = Math.sin(square.rotation) * scale;
  for (let k = 0; k < LANDMARKS * 3; k += 3) {
    const x = landmarks[k]! - size / 2;
    const y = landmarks[k + 1]! - size / 2;
    landmarks[k] = square.cx + cosine * x - sine * y;
    landmarks[k + 1] = square.cy + sine * x + cosine * y;
    landmarks[k + 2]! *= scale;
  }
}

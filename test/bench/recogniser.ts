import { readFile } from 'node:fs/promises';
import { i420ToRgb } from '../../src/media/colour.ts';
import type { I420, Rgb } from '../../src/media/plane.ts';
import { OnnxSession } from '../../src/onnx/session.ts';

/** Side of the aligned face, pixels. */
const SIDE = 112;
/** Mesh points that are aligned: the irises, the tip of the nose, the corners of the mouth. */
const POINTS = [468, 473, 4, 61, 291] as const;
/** Where they go in the aligned face: the template that face recognisers of the ArcFace family are trained with. */
const TEMPLATE = [38.29, 51.7, 73.53, 51.5, 56.03, 71.74, 41.55, 92.37, 70.73, 92.2] as const;
/** Samples each way for a pixel of the aligned face, so that a large face does not alias. */
const SAMPLES = 2;

/**
 * Tells how alike two faces are, for measuring swaps. The network is the operator's own: an ONNX file with one input
 * [1, 112, 112, 3] float32, RGB, (x − 127.5) / 128, and one output, the embedding.
 */
export class Recogniser {
  readonly #session: OnnxSession;

  private constructor(session: OnnxSession) {
    this.#session = session;
  }

  /** @throws GatewayError model_unsupported */
  static async open(file: string): Promise<Recogniser> {
    return new Recogniser(await OnnxSession.open(await readFile(file)));
  }

  /** The one that `GUISE_RECOGNISER` names, or undefined. */
  static async fromEnvironment(): Promise<Recogniser | undefined> {
    const file = process.env['GUISE_RECOGNISER'];
    return file ? Recogniser.open(file) : undefined;
  }

  /**
   * Embeds a face, as a vector of length 1.
   * @param landmarks 478 × (x, y, z) in pixels of the picture
   */
  embed(picture: I420 | Rgb, landmarks: Float32Array): Promise<Float32Array> {
    const rgb = 'data' in picture ? picture : i420ToRgb(picture);
    return this.#session.run(
      (input) => align(rgb, landmarks, input),
      (outputs) => {
        const [embedding = new Float32Array(0)] = Object.values(outputs);
        const length = Math.hypot(...embedding) || 1;
        return embedding.map((value) => value / length);
      },
    );
  }

  /** Idempotent. */
  close(): Promise<void> {
    return this.#session.close();
  }
}

/** Samples the face as the template wants it, into the network's input. */
function align(picture: Rgb, landmarks: Float32Array, input: Float32Array): void {
  const [a, b, left, top] = similarity(landmarks);
  for (let row = 0, o = 0; row < SIDE; row++) {
    for (let column = 0; column < SIDE; column++, o += 3) {
      input[o] = input[o + 1] = input[o + 2] = 0;
      for (let s = 0; s < SAMPLES * SAMPLES; s++) {
        const x = column + ((s % SAMPLES) + 0.5) / SAMPLES;
        const y = row + (Math.floor(s / SAMPLES) + 0.5) / SAMPLES;
        addSample(picture, a * x - b * y + left, b * x + a * y + top, input, o);
      }
      for (let c = 0; c < 3; c++) input[o + c] = (input[o + c]! / (SAMPLES * SAMPLES) - 127.5) / 128;
    }
  }
}

/** Least-squares similarity from the template to the picture: x' = a x − b y + left, y' = b x + a y + top. */
function similarity(landmarks: Float32Array): [number, number, number, number] {
  const n = POINTS.length;
  const from = POINTS.map((_, i) => [TEMPLATE[i * 2]!, TEMPLATE[i * 2 + 1]!] as const);
  const to = POINTS.map((p) => [landmarks[p * 3]!, landmarks[p * 3 + 1]!] as const);
  const mean = (list: readonly (readonly [number, number])[], axis: 0 | 1): number =>
    list.reduce((sum, point) => sum + point[axis], 0) / n;
  const [fx, fy, tx, ty] = [mean(from, 0), mean(from, 1), mean(to, 0), mean(to, 1)];
  let [dot, cross, spread] = [0, 0, 0];
  from.forEach(([x, y], i) => {
    const [u, v] = to[i]!;
    dot += (x - fx) * (u - tx) + (y - fy) * (v - ty);
    cross += (x - fx) * (v - ty) - (y - fy) * (u - tx);
    spread += (x - fx) ** 2 + (y - fy) ** 2;
  });
  const [a, b] = [dot / spread, cross / spread];
  return [a, b, tx - a * fx + b * fy, ty - b * fx - a * fy];
}

/** Adds the colour at a place, bilinear; beyond the picture its edge is repeated. */
function addSample(picture: Rgb, x: number, y: number, out: Float32Array, o: number): void {
  const held = (value: number, most: number): number => Math.max(0, Math.min(most, value - 0.5));
  const u = held(x, picture.width - 1);
  const v = held(y, picture.height - 1);
  const [x0, y0] = [Math.min(picture.width - 2, Math.floor(u)), Math.min(picture.height - 2, Math.floor(v))];
  const [fx, fy] = [u - x0, v - y0];
  const k = (y0 * picture.width + x0) * 3;
  const below = k + picture.width * 3;
  for (let c = 0; c < 3; c++) {
    const upper = picture.data[k + c]! * (1 - fx) + picture.data[k + 3 + c]! * fx;
    const lower = picture.data[below + c]! * (1 - fx) + picture.data[below + 3 + c]! * fx;
    out[o + c]! += upper * (1 - fy) + lower * fy;
  }
}

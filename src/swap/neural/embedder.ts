import { readFile } from 'node:fs/promises';
import { GatewayError } from '../../errors.ts';
import { OnnxSession } from '../../onnx/session.ts';

/** What recognisers of the ArcFace family take and give: [1, 3, 112, 112] float32, RGB, (x − 127.5) / 127.5 → [1, 512]. */
const INPUT = [1, 3, 112, 112];
const PIXELS = 112 * 112;
const VALUES = 512;

/** Runs the operator's recognisers on the CPU. Each is opened when it is first needed, and stays. */
export class Embedder {
  readonly #sessions = new Map<string, Promise<OnnxSession>>();

  /**
   * The embedding of an aligned face as the recogniser gives it, not normalised: 512 float32, little-endian.
   * @param file ONNX file
   * @param crop [112, 112, 3] uint8, RGB
   * @throws GatewayError asset_missing, model_unsupported
   */
  async embed(file: string, crop: Uint8Array): Promise<Uint8Array> {
    const session = this.#open(file);
    const fill = (input: Float32Array): void => {
      for (let c = 0; c < 3; c++) {
        for (let i = 0; i < PIXELS; i++) input[c * PIXELS + i] = (crop[i * 3 + c]! - 127.5) / 127.5;
      }
    };
    return (await session).run(fill, (outputs) => {
      const [values] = Object.values(outputs);
      return new Uint8Array(Float32Array.from(values!).buffer);
    });
  }

  #open(file: string): Promise<OnnxSession> {
    let session = this.#sessions.get(file);
    if (session === undefined) this.#sessions.set(file, (session = openRecogniser(file)));
    return session;
  }
}

async function openRecogniser(file: string): Promise<OnnxSession> {
  let model: Uint8Array;
  try {
    model = await readFile(file);
  } catch (cause) {
    throw new GatewayError('asset_missing', `the embedder's file must be readable [file:${file}]`, { cause });
  }
  const session = await OnnxSession.open(model, { inputShape: INPUT });
  const [output, more] = Object.values(session.outputShapes);
  const values = output?.reduce((product, extent) => product * extent, 1);
  if (String(session.inputShape) === String(INPUT) && values === VALUES && more === undefined) return session;
  await session.close();
  throw new GatewayError('model_unsupported', `an embedder must make [${VALUES}] of [${INPUT}] [file:${file}]`);
}

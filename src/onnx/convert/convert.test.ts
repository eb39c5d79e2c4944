import { describe, expect, it } from 'vitest';
import { installedPackage, readAsset } from '../asset.ts';
import { OnnxSession } from '../session.ts';
import type { TfliteModel, TfliteOperator, TfliteTensor } from '../tflite/tflite-model.ts';
import { convertModel, convertTflite } from './convert.ts';

const tensor = (name: string, shape: readonly number[], values?: readonly number[]): TfliteTensor => ({
  name,
  shape,
  type: 'float32',
  content: values === undefined ? new Uint8Array(0) : new Uint8Array(Float32Array.from(values).buffer),
});

const operator = (
  name: string,
  inputs: readonly number[],
  output: number,
  options: Record<number, number> = {},
): TfliteOperator => ({
  name,
  inputs,
  outputs: [output],
  option: (field, _kind, absent = 0) => options[field] ?? absent,
  custom: new Uint8Array(0),
});

/** Runs a model of one operator on `input`. */
async function run(model: TfliteModel, input: readonly number[]): Promise<number[]> {
  const session = await OnnxSession.open(convertModel(model));
  const result = await session.run(
    (values) => values.set(input),
    (outputs) => Array.from(outputs['out']!),
  );
  await session.close();
  return result;
}

describe('the converter', () => {
  it('pads a strided convolution as TFLite does, the odd pixel after', async () => {
    // Input 4×4 of one channel, kernel 3×3 of ones, stride 2, SAME: sums over windows that begin at 0 and 2.
    const model: TfliteModel = {
      tensors: [
        tensor('in', [1, 4, 4, 1]),
        tensor('weights', [1, 3, 3, 1], new Array<number>(9).fill(1)),
        tensor('bias', [1], [0.5]),
        tensor('out', [1, 2, 2, 1]),
      ],
      operators: [operator('CONV_2D', [0, 1, 2], 3, { 0: 0, 1: 2, 2: 2 })],
      inputs: [0],
      outputs: [3],
    };

    const result = await run(
      model,
      Array.from({ length: 16 }, (_, k) => k),
    );

    expect(result).toEqual([45.5, 39.5, 66.5, 50.5]);
  });

  it('keeps the channel order of a depthwise convolution', async () => {
    const model: TfliteModel = {
      tensors: [
        tensor('in', [1, 1, 2, 2]),
        tensor('weights', [1, 1, 1, 2], [10, 100]),
        tensor('bias', [2], [0, 1]),
        tensor('out', [1, 1, 2, 2]),
      ],
      operators: [operator('DEPTHWISE_CONV_2D', [0, 1, 2], 3, { 0: 1, 1: 1, 2: 1 })],
      inputs: [0],
      outputs: [3],
    };

    expect(await run(model, [1, 2, 3, 4])).toEqual([10, 201, 30, 401]);
  });

  it('rewrites PReLU without changing it', async () => {
    const model: TfliteModel = {
      tensors: [tensor('in', [1, 1, 2, 3]), tensor('slopes', [1, 1, 3], [0.25, -1, 1.5]), tensor('out', [1, 1, 2, 3])],
      operators: [operator('PRELU', [0, 1], 2)],
      inputs: [0],
      outputs: [2],
    };

    expect(await run(model, [-4, -4, -4, 4, 4, 4])).toEqual([-1, 4, -6, 4, 4, 4]);
  });

  it('pads channels and joins them in their order', async () => {
    const paddings = tensor('paddings', [4, 2], [0, 0, 0, 0, 0, 0, 0, 1]);
    const model: TfliteModel = {
      tensors: [tensor('in', [1, 1, 2, 1]), paddings, tensor('padded', [1, 1, 2, 2]), tensor('out', [1, 1, 2, 3])],
      operators: [operator('PAD', [0, 1], 2), operator('CONCATENATION', [0, 2], 3, { 0: -1 })],
      inputs: [0],
      outputs: [3],
    };

    expect(await run(model, [5, 7])).toEqual([5, 5, 0, 7, 7, 0]);
  });

  it('names the operator and the tensor that it does not know', () => {
    const model: TfliteModel = {
      tensors: [tensor('in', [1, 1]), tensor('hidden/mystery', [1, 1])],
      operators: [operator('HARD_SWISH', [0], 1)],
      inputs: [0],
      outputs: [1],
    };

    expect(() => convertModel(model)).toThrow(
      expect.objectContaining({
        code: 'model_unsupported',
        message: expect.stringMatching(/HARD_SWISH.*hidden\/mystery/) as string,
      }),
    );
  });

  it('refuses a file that is cut short, wherever', async () => {
    const whole = await readAsset('shortRange', installedPackage);
    for (const share of [0, 0.001, 0.3, 0.6, 0.9]) {
      expect(() => convertTflite(whole.slice(0, Math.floor(whole.length * share)))).toThrow(
        expect.objectContaining({ code: 'asset_corrupt' }),
      );
    }
  });

  it('never crashes on a changed file: it converts or throws one of our errors', async () => {
    const whole = await readAsset('shortRange', installedPackage);
    for (let k = 0; k < 40; k++) {
      const changed = whole.slice();
      // The graph lies behind the weights.
      changed[changed.length - 1 - ((k * 7919) % 20_000)]! ^= 0xff;
      try {
        convertTflite(changed);
      } catch (error) {
        expect(error).toMatchObject({ code: expect.stringMatching(/^(asset_corrupt|model_unsupported)$/) as string });
      }
    }
  });
});

/** Small networks with the ends of published models, batch of one as those have it. What each gives is known. */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { ContractTensor, PublishedModel } from '../../../src/models/contract.ts';
import { publishedModel } from '../../../src/models/manifest.ts';
import { ModelFolder } from '../../../src/models/model-folder.ts';
import { OnnxGraph } from '../../../src/onnx/graph/onnx-graph.ts';
import { RANGES } from '../../../src/worker/gpu/pixels.ts';
import { brighterNetwork, exchangedNetwork, negativeNetwork, occlusionNetwork, regionNetwork } from './beside.ts';
import { ownMask } from './tiny.ts';
import { writeNetwork } from './networks.ts';

type Swap = Extract<PublishedModel, { kind: 'swap' }>;
export type Colour = readonly [red: number, green: number, blue: number];

const EMBEDDING = 512;
/** What the embedder gives of every face: so much at the first place, 0 elsewhere. */
const RAW_LENGTH = 3;
/** What a converter multiplies by, beside moving everything by some places. */
const CONVERTER_GAIN = 2;
/** Where inswapper's matrix takes the first place. */
const MATRIX_PLACE = 9;
/** By how many places a converter moves what it is given. */
const CONVERTERS: Readonly<Record<string, number>> = {
  crossface_ghost: 1,
  crossface_simswap: 2,
  crossface_hififace: 3,
};

/** What a face of such a model is tinted with, 0..1, if what it was given of the photo came by the way that the model asks for. */
const TINTS: Readonly<Record<string, Colour>> = {
  inswapper_128: [0.1, 0.8, 0.1],
  hyperswap_1a_256: [0.1, 0.2, 0.9],
  ghost_1_256: [0.9, 0.8, 0.1],
  simswap_256: [0.1, 0.8, 0.9],
  simswap_unofficial_512: [0.9, 0.1, 0.9],
  hififace_unofficial_256: [0.9, 0.1, 0.1],
};
/** Of models that take a picture: which channel of its mean colour each channel is tinted with. */
const TURNS: Readonly<Record<string, Colour>> = { blendswap_256: [2, 1, 0], uniface_256: [1, 2, 0] };

const OTHERS: Readonly<Record<string, () => OnnxGraph>> = {
  arcface_w600k_r50: constantEmbedder,
  xseg_1: () => occlusionNetwork(),
  bisenet_resnet_34: () => regionNetwork(),
  'gfpgan_1.4': () => negativeNetwork(),
  codeformer: brighterNetwork,
  gpen_bfr_256: () => exchangedNetwork(256),
  gpen_bfr_512: () => exchangedNetwork(512),
};

/** The models that can be stood for, by name. */
export const GENERATED = [TINTS, TURNS, CONVERTERS, OTHERS].flatMap((models) => Object.keys(models));

/**
 * Puts a network for each of them into a folder, as `guise models add` does: each must be taken for the model that it stands for.
 * @throws GatewayError model_unsupported if one does not fit
 */
export async function addGenerated(folder: string): Promise<void> {
  const models = new ModelFolder({ folder, allowNonCommercial: true });
  mkdirSync(folder, { recursive: true });
  for (const name of GENERATED) {
    const path = join(folder, 'generated.onnx');
    writeNetwork(graphOf(name), path);
    await models.add(path, { as: name });
    rmSync(path);
  }
}

/**
 * The face that a swap model's network makes: half of what it is given, half its tint.
 * @param target mean colour of the crop, 0..1 @param photo mean colour of what it takes of the photo, if that is a picture
 */
export function facesOf(name: string, target: Colour, photo: Colour | undefined): Colour {
  const tint = photo === undefined ? TINTS[name]! : turned(photo, TURNS[name]!);
  return target.map((value, channel) => 0.5 * value + 0.5 * tint[channel]!) as unknown as Colour;
}

function turned(colour: Colour, turns: Colour): Colour {
  return turns.map((channel) => colour[channel]!) as unknown as Colour;
}

function graphOf(name: string): OnnxGraph {
  const model = publishedModel(name);
  if (model.kind === 'swap') return swapNetwork(model);
  const places = CONVERTERS[name];
  return places === undefined ? OTHERS[name]!() : converterNetwork(places);
}

function shapeOf({ shape }: ContractTensor): number[] {
  return shape!.map((extent) => (extent === 'n' ? 1 : extent));
}

function swapNetwork(model: Swap): OnnxGraph {
  const graph = new OnnxGraph();
  const [target, source] = model.inputs.map((tensor) => graph.input(tensor.name, shapeOf(tensor))) as [string, string];
  const channels = (values: readonly number[]): string => graph.floats([1, 3, 1, 1], values);
  const range = RANGES[model.input];
  const plain = graph.node('Add', [
    graph.node('Mul', [target, channels(range.map(([, deviation]) => deviation))]),
    channels(range.map(([mean]) => mean)),
  ]);
  const tint = model.source.kind === 'image' ? pictureTint(graph, model, source) : embeddingTint(graph, model, source);
  const half = graph.floats([1], [0.5]);
  let face = graph.node('Add', [graph.node('Mul', [plain, half]), graph.node('Mul', [tint, half])]);
  if (model.output === 'signed') face = graph.node('Div', [graph.node('Sub', [face, half]), half]);
  const [output] = model.outputs;
  graph.output(output!.name, face, shapeOf(output!));
  if (model.name.startsWith('hyperswap'))
    graph.output('mask', ownMask(graph, target, model.size), [1, 1, model.size, model.size]);
  if (model.lastInitializer !== undefined) graph.floats(model.lastInitializer, matrix());
  return graph;
}

/** Its colour if what it is given has the length and the place that it must have; less or more of it, or black, otherwise. */
function embeddingTint(graph: OnnxGraph, { name, source }: Swap, given: string): string {
  if (source.kind !== 'embedding') throw new TypeError('its source must be an embedding');
  const length = source.normalise ? 1 : RAW_LENGTH * (source.converter === undefined ? 1 : CONVERTER_GAIN);
  const place = source.matrix ? MATRIX_PLACE : (CONVERTERS[source.converter ?? ''] ?? 0);
  const weights = new Float32Array(EMBEDDING * 3);
  weights.set(
    TINTS[name]!.map((value) => value / length),
    3 * place,
  );
  const colour = graph.node('MatMul', [given, graph.floats([EMBEDDING, 3], weights)]);
  return graph.node('Unsqueeze', [colour, graph.integers([2, 3])]);
}

function pictureTint(graph: OnnxGraph, { name }: Swap, given: string): string {
  const mean = graph.node('ReduceMean', [given], { axes: [2, 3], keepdims: 1 });
  return graph.node('Gather', [mean, graph.integers(TURNS[name]!)], { axis: 1 });
}

/** inswapper's: a row times it has at its tenth place what it had at its first. */
function matrix(): Float32Array {
  const values = new Float32Array(EMBEDDING * EMBEDDING);
  values[MATRIX_PLACE] = 1;
  return values;
}

/** Recognises everybody as the same person. */
function constantEmbedder(): OnnxGraph {
  const graph = new OnnxGraph();
  const input = graph.input('input', [1, 3, 112, 112]);
  const none = graph.node('Mul', [
    graph.node('ReduceMean', [input], { axes: [1, 2, 3], keepdims: 0 }),
    graph.floats([1], [0]),
  ]);
  const raw = Float32Array.from({ length: EMBEDDING }, (_, k) => (k === 0 ? RAW_LENGTH : 0));
  graph.output('output', graph.node('Add', [graph.floats([1, EMBEDDING], raw), none]), [1, EMBEDDING]);
  return graph;
}

function converterNetwork(places: number): OnnxGraph {
  const graph = new OnnxGraph();
  const from = Array.from({ length: EMBEDDING }, (_, k) => (k - places + EMBEDDING) % EMBEDDING);
  const moved = graph.node('Gather', [graph.input('input', [1, EMBEDDING]), graph.integers(from)], { axis: 1 });
  graph.output('output', graph.node('Mul', [moved, graph.floats([1], [CONVERTER_GAIN])]), [1, EMBEDDING]);
  return graph;
}

import { basename } from 'node:path';
import { GatewayError } from '../errors.ts';
import { fileSha256 } from '../onnx/digest.ts';
import { readSignature, type GraphSignature } from '../onnx/signature.ts';
import type { PublishedModel } from './contract.ts';
import { misfit, told, wanted } from './fit.ts';
import { publishedModel } from './manifest.ts';

/** Which model a file is, and how that is known. */
export interface Identified {
  readonly model: PublishedModel;
  /** sha256: it is one of the published files; name or signature: another file whose graph fits. */
  readonly by: 'sha256' | 'name' | 'signature';
  readonly sha256: string;
}

export interface IdentifyOptions {
  readonly manifest: readonly PublishedModel[];
  /** Name of the model that it is said to be. */
  readonly as?: string | undefined;
}

/**
 * Finds which model a file is: by its digest, else by its name, else by its graph.
 * @throws GatewayError model_unsupported if it is none, or not the one it is named as; asset_corrupt, file_unreadable, not_found
 */
export async function identify(path: string, { manifest, as }: IdentifyOptions): Promise<Identified> {
  const graph = readSignature(path);
  const sha256 = await fileSha256(path);
  const said = as === undefined ? undefined : publishedModel(as, manifest);
  const known = modelOfDigest(sha256, manifest);
  if (known !== undefined && said !== undefined && said !== known) {
    throw new GatewayError('model_unsupported', `model must be ${said.name}, it is ${known.name} [file:${path}]`);
  }
  const named = known ?? said ?? manifest.find(({ name }) => name === basename(path, '.onnx'));
  if (named === undefined) return { model: byGraph(path, graph, manifest), by: 'signature', sha256 };
  requireFit(named, graph, path);
  return { model: named, by: known === undefined ? 'name' : 'sha256', sha256 };
}

/** @throws GatewayError model_unsupported naming the tensor and the shape that differ */
export function requireFit(model: PublishedModel, graph: GraphSignature, path: string): void {
  const problem = misfit(model, graph);
  if (problem === undefined) return;
  throw new GatewayError('model_unsupported', `model must be ${model.name}: ${problem} [file:${path}]`);
}

/** The model that a file with this digest was published as. */
export function modelOfDigest(sha256: string, manifest: readonly PublishedModel[]): PublishedModel | undefined {
  return manifest.find(({ copies }) => copies.some((copy) => copy.sha256 === sha256));
}

function byGraph(path: string, graph: GraphSignature, manifest: readonly PublishedModel[]): PublishedModel {
  const fitting = manifest.filter((model) => misfit(model, graph) === undefined);
  const [only] = fitting;
  if (only !== undefined && fitting.length === 1) return only;
  if (only !== undefined) {
    const names = fitting.map(({ name }) => name).join(', ');
    throw new GatewayError('model_unsupported', `model must be named, it may be ${names}: --as NAME [file:${path}]`);
  }
  const contracts = [...new Set(manifest.map(wanted))].join('; ');
  throw new GatewayError(
    'model_unsupported',
    `model must be a published one, of one of the graphs ${contracts} [graph:${told(graph)}] [file:${path}]`,
  );
}

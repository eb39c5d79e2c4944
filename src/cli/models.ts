import { loadConfig } from '../config/load.ts';
import { modelsFolder } from '../config/models.ts';
import { GatewayError } from '../errors.ts';
import { fetchModel as fetchInto } from '../models/fetch-model.ts';
import { ModelFolder } from '../models/model-folder.ts';
import type { PublishedModel } from '../models/contract.ts';
import type { Identified } from '../models/identify.ts';
import { ProgressBar } from './progress-bar.ts';
import type { Terminal } from './terminal.ts';

const MEGABYTE = 1e6;

/** The folder of model files that the configuration names. */
export function configuredModels(): ModelFolder {
  const { models } = loadConfig({ env: process.env });
  return new ModelFolder({ folder: modelsFolder(models), allowNonCommercial: models.allowNonCommercial });
}

/** Prints every published model: whether it is there, its kind and its licence. */
export async function listModels(models: ModelFolder, json: boolean, { out }: Terminal): Promise<void> {
  const states = await models.list();
  if (json) {
    const listed = states.map(({ model, bytes }) => ({
      ...model,
      file: bytes === undefined ? null : models.file(model),
    }));
    out.write(`${JSON.stringify({ folder: models.folder, models: listed })}\n`);
    return;
  }
  for (const { model, bytes } of states) {
    const there = bytes === undefined ? '–' : `${Math.ceil(bytes / MEGABYTE)} MB`;
    out.write(
      `${model.name.padEnd(24)} ${model.kind.padEnd(10)} ${there.padEnd(9)} ${licenceOf(model, models.manifest)}\n`,
    );
  }
  out.write(`folder: ${models.folder}\n`);
}

/** Puts files into the folder, each told as soon as it is there. @throws GatewayError as `ModelFolder.add` */
export async function addModels(
  models: ModelFolder,
  { files, as }: { readonly files: readonly string[]; readonly as?: string | undefined },
  { out }: Terminal,
): Promise<void> {
  if (as !== undefined && files.length > 1) {
    throw new GatewayError('model_unsupported', '--as must name the model of one file');
  }
  for (const file of files) {
    const { model, by } = await models.add(file, { as });
    out.write(`${model.name}: ${howKnown(by)}\n`);
  }
}

/** Checks all files that are there, a line each. @throws GatewayError asset_corrupt if one is not as it must be */
export async function verifyModels(models: ModelFolder, { out }: Terminal): Promise<void> {
  const verdicts = await models.verify();
  for (const { model, published, problem } of verdicts) {
    const good = published ? 'ok, a published file' : 'ok, its graph fits';
    out.write(`${model.name}: ${problem === undefined ? good : `[${problem.code}] ${problem.message}`}\n`);
  }
  const bad = verdicts.filter(({ problem }) => problem !== undefined);
  if (bad.length === 0) return;
  const names = bad.map(({ model }) => model.name).join(', ');
  throw new GatewayError('asset_corrupt', `models must be as they were published or added [models:${names}]`);
}

/** Downloads a model, with a bar. @throws GatewayError as `fetchModel` of `src/models/` */
export async function fetchModel(
  models: ModelFolder,
  {
    name,
    acceptLicence,
    signal,
  }: { readonly name: string; readonly acceptLicence: boolean; readonly signal: AbortSignal },
  terminal: Terminal,
): Promise<void> {
  let bar: ProgressBar | undefined;
  const onProgress = (done: number, total: number | undefined): void => {
    bar ??= new ProgressBar(terminal, { unit: 'bytes', total, done });
    bar.reach(done);
  };
  try {
    const { model, by } = await fetchInto(models, name, { acceptLicence, signal, onProgress });
    bar?.stop();
    terminal.out.write(`${model.name}: ${howKnown(by)}\n`);
  } finally {
    bar?.stop();
  }
}

/** @throws GatewayError not_found */
export async function removeModel(models: ModelFolder, name: string, { out }: Terminal): Promise<void> {
  await models.remove(name);
  out.write(`${name}: removed\n`);
}

function howKnown(by: Identified['by']): string {
  return by === 'sha256' ? 'a published file' : 'not a file with a known digest, its graph fits';
}

/** Its licence, and whether it may be used commercially together with the models that it needs. */
function licenceOf(model: PublishedModel, manifest: readonly PublishedModel[]): string {
  const { name, by, commercial } = model.licence;
  const said = by === undefined ? name : `${name} (${by})`;
  const needed = new Set(neededBy(model));
  const bound = manifest.filter((other) => needed.has(other.name) && !other.licence.commercial);
  if (!commercial) return `${said}, not for commercial use`;
  return bound.length === 0 ? said : `${said}, but needs ${bound.map((other) => other.name).join(', ')}`;
}

function neededBy(model: PublishedModel): string[] {
  if (model.kind === 'converter') return [model.embedder];
  if (model.kind !== 'swap' || model.source.kind !== 'embedding') return [];
  return [model.source.embedder, ...(model.source.converter === undefined ? [] : [model.source.converter])];
}

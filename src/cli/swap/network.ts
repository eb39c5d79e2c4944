import { statSync } from 'node:fs';
import { recipeFace, gpuSchema, type GpuSettings } from '../../config/gpu.ts';
import { modelsFolder } from '../../config/models.ts';
import { withModels } from '../../config/recipes.ts';
import { loadConfig } from '../../config/load.ts';
import { GatewayError } from '../../errors.ts';
import { createLog, type Logger } from '../../log.ts';
import { bytesOf } from '../../models/bytes-of.ts';
import { publishedModel } from '../../models/manifest.ts';
import { ModelFolder } from '../../models/model-folder.ts';
import { modelsOf, swapModel } from '../../models/recipe-of-model.ts';
import type { CropLane } from '../../swap/neural/crop-lane.ts';
import { MOST_FLIGHTS } from '../../swap/neural/neural-swap.ts';
import type { RecipeFace } from '../../swap/neural/recipe.ts';
import { monotonic } from '../../time.ts';
import { BrokerClient } from '../../worker/broker-client/broker-client.ts';
import { BrokerHost } from '../../worker/broker-host/broker-host.ts';
import { PatientLane } from './patient-lane.ts';

/** Frames a second that lanes are opened for: there is no rate to keep up with. */
const SELDOM = 1;

/** Tells a network, and how it is run, from all others: by its settings, and size and date of its files. */
export function describeNetwork({ provider, recipes }: GpuSettings): string {
  const files = (JSON.stringify(recipes).match(/"[^"]+\.onnx"/g) ?? []).map((quoted) => JSON.parse(quoted) as string);
  const states = files.map((file) => {
    const { size, mtimeMs } = statSync(file, { throwIfNoEntry: false }) ?? { size: 0, mtimeMs: 0 };
    return [file, size, mtimeMs];
  });
  return JSON.stringify([provider, recipes, states]);
}

/** What swaps the faces of a file, as the command line says it; neither: the mesh. */
export interface NetworkChoice {
  /** A published model of the folder of models. */
  readonly model?: string | undefined;
  /** A recipe of the configuration. */
  readonly recipe?: string | undefined;
  /** Execution provider. Default the configuration's, else cuda. */
  readonly provider?: string | undefined;
  /** GPU workers on each GPU. Default the configuration's. */
  readonly workers?: number | undefined;
  /** Keep new faces until the file is made, so that a run that was interrupted can be gone on with. */
  readonly resume?: true | undefined;
}

/**
 * What GPU workers are to be started with for this choice; `undefined` for the mesh.
 * @throws GatewayError not_found if it is no model or its file is not there; forbidden by its licence; recipe_unknown; unsupported
 */
export async function judgeNetwork(choice: NetworkChoice): Promise<GpuSettings | undefined> {
  const { model, recipe, provider, workers } = choice;
  if (model === undefined && recipe === undefined) {
    if (choice.resume) throw new GatewayError('unsupported', 'only what a network swaps can be gone on with');
    return undefined;
  }
  if (model !== undefined && recipe !== undefined) {
    throw new GatewayError('unsupported', 'faces must be swapped by a model or a recipe, not both');
  }
  const config = loadConfig({ env: process.env });
  const recipes = model === undefined ? recipeOf(config.gpu, recipe!) : await recipeFor(model, config.models);
  return gpuSchema.parse({
    ...config.gpu,
    recipes,
    tenantRate: null,
    ...(provider !== undefined && { provider }),
    ...(workers !== undefined && { workersPerGpu: workers }),
  });
}

function recipeOf(gpu: GpuSettings | null, name: string): GpuSettings['recipes'] {
  const found = gpu?.recipes.filter((recipe) => recipe.name === name) ?? [];
  if (found.length > 0) return found;
  const names = gpu?.recipes.map((recipe) => recipe.name).join(', ') ?? 'none';
  throw new GatewayError('recipe_unknown', `the recipe must be one of the configuration: ${names} [recipe:${name}]`);
}

async function recipeFor(name: string, models: ReturnType<typeof loadConfig>['models']): Promise<unknown> {
  const swap = swapModel(name);
  if (swap === undefined) {
    const { kind } = publishedModel(name);
    throw new GatewayError('unsupported', `a model must swap faces, this one is of another kind [kind:${kind}]`);
  }
  const folder = new ModelFolder({ folder: modelsFolder(models), allowNonCommercial: models.allowNonCommercial });
  for (const needed of modelsOf(swap)) {
    const published = publishedModel(needed);
    folder.requireLicence(published);
    if ((await bytesOf(folder.file(published))) !== undefined) continue;
    const how = `guise models add FILE, or: guise models fetch ${needed} --accept-licence`;
    throw new GatewayError('not_found', `model must be there (${how}) [model:${needed}] [folder:${folder.folder}]`);
  }
  const filled = withModels({ models, gpu: { recipes: [{ name, model: name }] } }) as { gpu: { recipes: unknown } };
  return filled.gpu.recipes;
}

/** GPU workers of this command's own, behind a broker as in a gateway. Its owner closes it. */
export class Network {
  readonly recipe: RecipeFace;
  readonly #host: BrokerHost;
  readonly #client: BrokerClient;

  /** Starts them and loads the recipe. @throws GatewayError provider_unavailable, model_unsupported, asset_missing, … */
  static async open(gpu: GpuSettings): Promise<Network> {
    const log = createLog('swap');
    const host = await BrokerHost.open({ gpu, log, clock: monotonic });
    try {
      await host.start();
    } catch (error) {
      await host.close();
      throw error;
    }
    return new Network(gpu, host, log);
  }

  private constructor(gpu: GpuSettings, host: BrokerHost, log: Logger) {
    this.recipe = recipeFace(gpu.recipes[0]!);
    this.#host = host;
    this.#client = new BrokerClient(host.socket, { log });
  }

  /** A lane on which no frame is late. @throws GatewayError capacity_full */
  async lane({ faces, signal }: { readonly faces: number; readonly signal: AbortSignal }): Promise<CropLane> {
    const options = { recipe: this.recipe.name, tier: '', tenant: '', frameRate: SELDOM, faces: Math.max(1, faces) };
    const lanes = await Promise.all(Array.from({ length: MOST_FLIGHTS }, () => this.#client.open(options)));
    return new PatientLane(lanes, { clock: monotonic, isServed: () => this.#isServed(), signal });
  }

  /** Process ids of its GPU workers, as far as they are known. */
  get workers(): readonly number[] {
    const cards = this.#host.figures?.gpus ?? [];
    return cards.flatMap(({ workers }) => workers.flatMap(({ pid }) => pid ?? []));
  }

  /** Idempotent; everything is gone when it settles. */
  async close(): Promise<void> {
    this.#client.close();
    await this.#host.close();
  }

  #isServed(): boolean {
    const { state, figures } = this.#host;
    return (
      state === 'ready' &&
      (figures?.gpus.some(({ workers }) => workers.some((one) => one.state === 'running')) ?? false)
    );
  }
}

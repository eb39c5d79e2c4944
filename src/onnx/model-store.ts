import { type AssetName, ASSETS, installedPackage, type PackageFolder, readAsset } from './asset.ts';
import { convertTflite, CONVERTER_VERSION } from './convert/convert.ts';
import { type FaceGeometry, readGeometry } from './geometry.ts';
import { defaultCacheFolder, ModelCache } from './model-cache.ts';
import { loadModel, type ModelRunner, OnnxSession } from './session.ts';

/** The models that can be opened. */
export type ModelName = Exclude<AssetName, 'geometry'>;

/** Loads an ONNX file. @throws GatewayError model_unsupported */
export type LoadModel = (onnx: Uint8Array) => Promise<ModelRunner>;

export interface ModelStoreOptions {
  /** Folder for converted models; null keeps none. Default `GUISE_CACHE`, else under node_modules. */
  readonly cacheFolder?: string | null;
  /** Where packages lie. Default: as npm installed them. */
  readonly packageFolder?: PackageFolder;
  /** Where models run. Default: in this thread. */
  readonly load?: LoadModel;
}

/**
 * MediaPipe's face models out of npm packages: found, checked against their SHA-256, converted from TFLite to ONNX, kept.
 * Nothing is downloaded.
 */
export class ModelStore {
  readonly #packageFolder: PackageFolder;
  readonly #cache: ModelCache | undefined;
  readonly #load: LoadModel;

  constructor(options: ModelStoreOptions = {}) {
    this.#packageFolder = options.packageFolder ?? installedPackage;
    this.#load = options.load ?? loadModel;
    const folder = options.cacheFolder === undefined ? defaultCacheFolder() : options.cacheFolder;
    this.#cache = folder === null ? undefined : new ModelCache(folder);
  }

  /**
   * A model ready to run; the caller closes it.
   * @throws GatewayError asset_missing, asset_corrupt, model_unsupported
   */
  async open(name: ModelName): Promise<OnnxSession> {
    return new OnnxSession(await this.#load(await this.onnx(name)));
  }

  /**
   * A model as an ONNX file. The key is the hash of the TFLite file and the version of the converter, so a cached model is
   * never older than either.
   * @throws GatewayError as `open`
   */
  async onnx(name: ModelName): Promise<Uint8Array> {
    const key = `${ASSETS[name].sha256}-${CONVERTER_VERSION}.onnx`;
    const kept = await this.#cache?.read(key);
    if (kept !== undefined) return kept;
    const converted = convertTflite(await readAsset(name, this.#packageFolder));
    await this.#cache?.write(key, converted);
    return converted;
  }

  /**
   * The canonical face.
   * @throws GatewayError asset_missing, asset_corrupt
   */
  async geometry(): Promise<FaceGeometry> {
    return readGeometry(await readAsset('geometry', this.#packageFolder));
  }
}

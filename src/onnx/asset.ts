import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { GatewayError } from '../errors.ts';
import { sha256 } from './digest.ts';

/** A file, or a stretch of one, inside an npm package. All are Apache-2.0, by Google. */
interface Asset {
  readonly package: string;
  readonly version: string;
  readonly file: string;
  /** Bytes of the file; all of it if left out. */
  readonly stretch?: readonly [start: number, end: number];
  /** SHA-256 of the asset, hex. */
  readonly sha256: string;
}

const FACE_MESH = { package: '@mediapipe/face_mesh', version: '0.4.1633559619' };
/** Offsets as in face_mesh_solution_packed_assets_loader.js of that version. */
const PACKED = { ...FACE_MESH, file: 'face_mesh_solution_packed_assets.data' };

/** The models and the mesh that the face engine is built on. */
export const ASSETS = {
  /** 478 landmarks with attention on lips and eyes. [1, 192, 192, 3] RGB 0…1. */
  mesh: {
    ...PACKED,
    stretch: [0, 2_495_952],
    sha256: '883b7411747bac657c30c462d305d312e9dec6adbf8b85e2f5d8d722fca9455d',
  },
  /** The canonical face: vertices, texture coordinates, triangles. */
  geometry: {
    ...PACKED,
    stretch: [3_737_848, 3_757_224],
    sha256: 'bdbcda96dfcb7da883da124aaa2c55dee49770d934f0fcc71747f8c21bdc75b4',
  },
  /** BlazeFace for faces up to about 2 m from the camera. [1, 128, 128, 3] RGB −1…1. */
  shortRange: {
    ...PACKED,
    stretch: [3_757_224, 3_986_256],
    sha256: '3bc182eb9f33925d9e58b5c8d59308a760f4adea8f282370e428c51212c26633',
  },
  /** BlazeFace for faces up to about 5 m. [1, 192, 192, 3] RGB −1…1. */
  fullRange: {
    package: '@mediapipe/face_detection',
    version: '0.4.1657300184',
    file: 'face_detection_full_range.tflite',
    sha256: '99bf9494d84f50acc6617d89873f71bf6635a841ea699c17cb3377f9507cfec3',
  },
} as const satisfies Record<string, Asset>;

export type AssetName = keyof typeof ASSETS;

/** The folder of an installed package. Throws if it is not installed. */
export type PackageFolder = (name: string) => string;

/** Where npm has put a package, wherever it was hoisted to. */
export const installedPackage: PackageFolder = (name) => {
  const require = createRequire(import.meta.url);
  return dirname(require.resolve(`${name}/package.json`));
};

/**
 * An asset's bytes, checked.
 * @throws GatewayError asset_missing, asset_corrupt
 */
export async function readAsset(name: AssetName, folderOf: PackageFolder): Promise<Uint8Array> {
  const asset: Asset = ASSETS[name];
  const file = await readPackageFile(asset, folderOf);
  const bytes = asset.stretch === undefined ? file : file.subarray(...asset.stretch);
  if (sha256(bytes) !== asset.sha256) {
    throw new GatewayError(
      'asset_corrupt',
      `model file must be that of ${asset.package} ${asset.version}; install it again [asset:${name}] [file:${asset.file}]`,
    );
  }
  return bytes;
}

async function readPackageFile(asset: Asset, folderOf: PackageFolder): Promise<Uint8Array> {
  try {
    return await readFile(join(folderOf(asset.package), asset.file));
  } catch (cause) {
    throw new GatewayError(
      'asset_missing',
      `package must be installed: npm install [package:${asset.package}@${asset.version}] [file:${asset.file}]`,
      { cause },
    );
  }
}

import { closeSync, existsSync, mkdirSync, openSync, renameSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { defaultCacheFolder } from '../../../src/onnx/model-cache.ts';
import type { OnnxGraph } from '../../../src/onnx/graph/onnx-graph.ts';
import { inswapperNetwork } from './inswapper.ts';
import {
  blueNetwork,
  brighterNetwork,
  darkBrokenNetwork,
  negativeNetwork,
  occlusionNetwork,
  regionNetwork,
  undefinedNetwork,
} from './beside.ts';
import { simswapNetwork } from './simswap.ts';
import { U_SHAPES, uNetwork } from './u-shape.ts';
import {
  brokenNetwork,
  knownNetwork,
  maskingNetwork,
  mixingNetwork,
  photoNetwork,
  tinyEmbedder,
  tinyNetwork,
} from './tiny.ts';

/** Part of each file's name; it goes up when what is made changes. */
const VERSION = 1;

/** The networks that can be made, by name: random weights of published shapes, and tiny ones for a processor. */
export const NETWORKS = {
  'inswapper-float16': () => inswapperNetwork({ type: 'float16' }),
  'inswapper-float32': () => inswapperNetwork({ type: 'float32' }),
  'inswapper-published-float16': () => inswapperNetwork({ type: 'float16', published: true }),
  'inswapper-published-float32': () => inswapperNetwork({ type: 'float32', published: true }),
  'narrow-published-float16': () => inswapperNetwork({ type: 'float16', published: true, narrow: 32 }),
  'narrow-published-float32': () => inswapperNetwork({ type: 'float32', published: true, narrow: 32 }),
  'simswap-float16': () => simswapNetwork({ type: 'float16' }),
  'narrow-simswap': () => simswapNetwork({ type: 'float32', narrow: 16 }),
  'mask-published': () => uNetwork(U_SHAPES.mask),
  'regions-published': () => uNetwork(U_SHAPES.regions),
  'enhancer-published': () => uNetwork(U_SHAPES.enhancer),
  tiny: () => tinyNetwork(),
  'tiny-float16': () => tinyNetwork({ type: 'float16' }),
  'tiny-image': () => tinyNetwork({ source: { image: 64 } }),
  'tiny-image-float16': () => tinyNetwork({ type: 'float16', source: { image: 64 } }),
  'tiny-single': () => tinyNetwork({ batch: 1 }),
  'tiny-photo': () => photoNetwork(),
  'tiny-identity': () => knownNetwork('target'),
  'tiny-identity-512': () => knownNetwork('target', { size: 512 }),
  'tiny-grey': () => knownNetwork({ grey: 0.5 }),
  'tiny-broken': brokenNetwork,
  'tiny-mixing': mixingNetwork,
  'tiny-masking': () => maskingNetwork(),
  'tiny-256': () => tinyNetwork({ size: 256 }),
  'tiny-embedder': tinyEmbedder,
  'tiny-occlusion': () => occlusionNetwork(),
  'tiny-occlusion-128': () => occlusionNetwork(128),
  'tiny-occlusion-single': () => occlusionNetwork(undefined, 1),
  'tiny-blue': blueNetwork,
  'tiny-undefined': undefinedNetwork,
  'tiny-regions': () => regionNetwork(),
  'tiny-regions-128': () => regionNetwork(128),
  'tiny-negative': () => negativeNetwork(),
  'tiny-negative-128': () => negativeNetwork(128),
  'tiny-negative-single': () => negativeNetwork(undefined, 1),
  'tiny-dark-broken': darkBrokenNetwork,
  'tiny-brighter': brighterNetwork,
} satisfies Record<string, () => OnnxGraph>;
export type NetworkName = keyof typeof NETWORKS;

/** The network of this name, given as an argument. @throws TypeError telling all names */
export function networkNamed(name: string): NetworkName {
  if (name in NETWORKS) return name as NetworkName;
  throw new TypeError(`--network must be one of ${Object.keys(NETWORKS).join(', ')} [network:${name}]`);
}

/** Path of a network's ONNX file, which is made if it is not there. The default folder is the cache of models. */
export function networkFile(name: NetworkName, folder = join(defaultCacheFolder(), 'networks')): string {
  const path = join(folder, `${name}-${VERSION}.onnx`);
  if (!existsSync(path)) {
    mkdirSync(folder, { recursive: true });
    writeNetwork(NETWORKS[name](), path);
  }
  return path;
}

/** Writes beside and renames: no other process sees half a file. */
export function writeNetwork(network: OnnxGraph, path: string): void {
  const beside = `${path}.${process.pid}`;
  const file = openSync(beside, 'w');
  try {
    for (const piece of network.pieces()) for (let at = 0; at < piece.length;) at += writeSync(file, piece, at);
  } finally {
    closeSync(file);
  }
  renameSync(beside, path);
}

/** Makes all networks, in a folder or in the cache. The bench `networks`. */
export function makeNetworks(folder: string | undefined): {
  readonly networks: { readonly name: string; readonly bytes: number }[];
} {
  const networks = (Object.keys(NETWORKS) as NetworkName[]).map((name) => {
    const path = networkFile(name, folder);
    return { name, path, bytes: statSync(path).size };
  });
  return { networks };
}

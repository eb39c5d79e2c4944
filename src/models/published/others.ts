/** Recognisers, masks and enhancers. Contracts: facefusion `face_recognizer.py`, `face_masker.py`, `face_enhancer/core.py`. */
import type { ModelEntry } from '../contract.ts';
import { LICENCES, release } from './release.ts';

type Of<Kind extends ModelEntry['kind']> = Extract<ModelEntry, { kind: Kind }>;

const EMBEDDER: Of<'embedder'> = {
  name: 'arcface_w600k_r50',
  kind: 'embedder',
  ...release('3.0.0', 'arcface_w600k_r50'),
  copies: [
    {
      by: 'InsightFace',
      sha256: '4c06341c33c2ca1f86781dab0e829f88ad5b64be9fba56e56bc9ebdefc619e43',
      bytes: 174_383_860,
    },
  ],
  licence: LICENCES.insightFace,
  inputs: [{ name: 'input', shape: ['n', 3, 112, 112] }],
  outputs: [{ name: 'output', shape: ['n', 512] }],
  size: 112,
  template: 'arcface_112_v2',
  input: 'signed',
};

function converter(name: string): Of<'converter'> {
  return {
    name,
    kind: 'converter',
    ...release('3.4.0', name),
    licence: LICENCES.unknown,
    inputs: [{ name: 'input', shape: ['n', 512] }],
    outputs: [{ name: 'output', shape: ['n', 512] }],
    embedder: EMBEDDER.name,
  };
}

/** Tells hands and hair before the face from the face. */
function occlusion(name: string, version: string): Of<'mask'> {
  return {
    name,
    kind: 'mask',
    ...release(version, name),
    licence: LICENCES.unknown,
    inputs: [{ name: 'input', shape: ['n', 256, 256, 3] }],
    outputs: [{ name: 'output', shape: ['n', 256, 256, 1] }],
    size: 256,
    layout: 'nhwc',
    colours: 'bgr',
    input: 'unit',
    gives: 'share',
  };
}

/** Tells skin, brows, eyes, nose, mouth and what else CelebAMask-HQ names, 19 classes. */
function regions(name: string, version: string): Of<'mask'> {
  return {
    name,
    kind: 'mask',
    ...release(version, name),
    licence: LICENCES.unknown,
    inputs: [{ name: 'input', shape: ['n', 3, 512, 512] }],
    outputs: [{ name: 'output', shape: ['n', 19, 512, 512] }],
    size: 512,
    layout: 'nchw',
    colours: 'rgb',
    input: 'imagenet',
    gives: 'classes',
  };
}

function enhancer(
  name: string,
  { size = 512, template = 'ffhq_512', licence, weighted = false }: EnhancerOptions,
): Of<'enhancer'> {
  return {
    name,
    kind: 'enhancer',
    ...release('3.0.0', name),
    licence,
    inputs: [
      { name: 'input', shape: ['n', 3, size, size] },
      ...(weighted ? [{ name: 'weight', type: 'float64' as const }] : []),
    ],
    outputs: [{ name: 'output', shape: ['n', 3, size, size] }],
    size,
    template,
    input: 'signed',
    output: 'signed',
  };
}

interface EnhancerOptions extends Pick<Of<'enhancer'>, 'licence'>, Partial<Pick<Of<'enhancer'>, 'size' | 'template'>> {
  /** It has an input `weight`, 0..1. */
  readonly weighted?: boolean;
}

const GPEN = { name: 'non-commercial', by: 'yangxy', commercial: false } as const;

export const OTHERS: readonly ModelEntry[] = [
  EMBEDDER,
  converter('crossface_ghost'),
  converter('crossface_simswap'),
  converter('crossface_hififace'),
  occlusion('xseg_1', '3.1.0'),
  occlusion('xseg_2', '3.1.0'),
  occlusion('xseg_3', '3.2.0'),
  regions('bisenet_resnet_18', '3.1.0'),
  regions('bisenet_resnet_34', '3.0.0'),
  enhancer('gfpgan_1.4', { licence: { name: 'Apache-2.0', by: 'TencentARC', commercial: true } }),
  enhancer('codeformer', { licence: { name: 'S-Lab-1.0', by: 'sczhou', commercial: false }, weighted: true }),
  enhancer('gpen_bfr_256', { licence: GPEN, size: 256, template: 'arcface_128' }),
  enhancer('gpen_bfr_512', { licence: GPEN }),
];

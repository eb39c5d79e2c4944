/**
 * Swap networks. Contracts: facefusion `processors/modules/face_swapper/core.py`; digests and sizes: the pages of those who
 * published the copies.
 */
import type { TemplateName } from '../../swap/neural/align/templates.ts';
import type { ModelEntry } from '../contract.ts';
import { LICENCES, release } from './release.ts';

type Swap = Extract<ModelEntry, { kind: 'swap' }>;
type Source = Swap['source'];
type Differing = Pick<Swap, 'licence' | 'copies' | 'input' | 'output'> & Pick<Partial<Swap>, 'weights'>;

/** Numbers of an embedding. */
const EMBEDDING = 512;
const EMBEDDER = 'arcface_w600k_r50';
const plain: Source = { kind: 'embedding', embedder: EMBEDDER, normalise: true, matrix: false };
const throughMatrix: Source = { ...plain, matrix: true };
const converted = (converter: string, normalise: boolean): Source => ({ ...plain, converter, normalise });

function swap(
  name: string,
  version: string,
  { size, template, source, ...rest }: Differing & { size: number; template: TemplateName; source: Source },
): Swap {
  const crop: Swap['outputs'][number]['shape'] = ['n', 3, size, size];
  const taken: typeof crop = source.kind === 'image' ? ['n', 3, source.size, source.size] : ['n', EMBEDDING];
  const matrix = source.kind === 'embedding' && source.matrix;
  return {
    name,
    kind: 'swap',
    ...release(version, name),
    inputs: [
      { name: 'target', shape: crop },
      { name: 'source', shape: taken },
    ],
    outputs: [{ name: 'output', shape: crop }],
    ...(matrix && { lastInitializer: [EMBEDDING, EMBEDDING] }),
    size,
    template,
    source,
    ...rest,
  };
}

function inswapper(name: string, weights: 'float32' | 'float16', copies: Swap['copies']): Swap {
  const contract = {
    size: 128,
    template: 'arcface_128',
    source: throughMatrix,
    input: 'unit',
    output: 'unit',
  } as const;
  return swap(name, '3.0.0', { ...contract, weights, copies, licence: LICENCES.insightFace });
}

function hyperswap(name: string, copies: Swap['copies']): Swap {
  const contract = { size: 256, template: 'arcface_128', source: plain, input: 'signed', output: 'signed' } as const;
  return swap(name, '3.3.0', {
    ...contract,
    copies,
    licence: { name: 'ResearchRAIL', by: 'FaceFusion', commercial: false },
  });
}

function ghost(name: string, bytes: number): Swap {
  return swap(name, '3.0.0', {
    size: 256,
    template: 'arcface_112_v1',
    source: converted('crossface_ghost', false),
    input: 'signed',
    output: 'signed',
    copies: [{ by: 'FaceFusion', bytes }],
    licence: { name: 'Apache-2.0', by: 'ai-forever', commercial: true },
  });
}

const INSWAPPERS = [
  inswapper('inswapper_128', 'float32', [
    {
      by: 'InsightFace',
      sha256: 'e4a3f08c753cb72d04e10aa0f7dbe3deebbf39567d4ead6dce08e98aa49e16af',
      bytes: 554_253_681,
    },
    { by: 'FaceFusion', sha256: 'a290273ed497312095dac48cdef20feec9d5208298223dd01288ab202b54bea7' },
  ]),
  inswapper('inswapper_128_fp16', 'float16', [
    { by: 'ReActor', sha256: '32031dbe50398c1beffa9daadaec8dd7ae9529d8314a0307b45a4987497f8494', bytes: 277_288_649 },
    { by: 'VisoMaster', sha256: '6d51a9278a1f650cffefc18ba53f38bf2769bf4bbff89267822cf72945f8a38b' },
  ]),
];

const HYPERSWAPS = [
  hyperswap('hyperswap_1a_256', [
    {
      by: 'FaceFusion',
      sha256: 'c0e98a8a03a238f461ed3d2570e426b49f46745ee400854a60dceeb70c246add',
      bytes: 402_742_682,
    },
  ]),
  hyperswap('hyperswap_1b_256', []),
  hyperswap('hyperswap_1c_256', [
    { by: 'FaceFusion', sha256: '5528c2d76fe9986c99d829278987ef9f3a630cb606db7628d02b57b330f406a5' },
  ]),
];

const SIMSWAPS = [
  swap('simswap_256', '3.0.0', {
    size: 256,
    template: 'arcface_112_v1',
    source: converted('crossface_simswap', true),
    input: 'imagenet',
    output: 'unit',
    copies: [
      {
        by: 'FaceFusion',
        sha256: '5b6374b2ffab838588d4f0c32dc7ed5bb8d99237d755a663ed02ee265a1714fb',
        bytes: 220_368_724,
      },
    ],
    licence: { name: 'non-commercial', by: 'neuralchen', commercial: false },
  }),
  swap('simswap_unofficial_512', '3.0.0', {
    size: 512,
    template: 'arcface_112_v1',
    source: converted('crossface_simswap', true),
    input: 'unit',
    output: 'unit',
    copies: [
      {
        by: 'FaceFusion',
        sha256: 'fe805d1ce7d9e66322e2a8811f593a821e7d92f9ff861dd233794bdb2bb7a586',
        bytes: 239_249_034,
      },
    ],
    licence: { name: 'non-commercial', commercial: false },
  }),
];

const FROM_PICTURES = [
  swap('blendswap_256', '3.0.0', {
    size: 256,
    template: 'ffhq_512',
    source: { kind: 'image', size: 112, template: 'arcface_112_v2' },
    input: 'unit',
    output: 'unit',
    copies: [{ by: 'FaceFusion', bytes: 1_661_432_957 }],
    licence: { name: 'non-commercial', by: 'mapooon', commercial: false },
  }),
  swap('uniface_256', '3.0.0', {
    size: 256,
    template: 'ffhq_512',
    source: { kind: 'image', size: 256, template: 'ffhq_512' },
    input: 'signed',
    output: 'signed',
    copies: [],
    licence: { ...LICENCES.unknown, by: 'xc-csc101' },
  }),
];

export const SWAPS: readonly Swap[] = [
  ...INSWAPPERS,
  ...HYPERSWAPS,
  ghost('ghost_1_256', 514_902_950),
  ghost('ghost_2_256', 738_727_769),
  ghost('ghost_3_256', 855_514_631),
  ...SIMSWAPS,
  swap('hififace_unofficial_256', '3.1.0', {
    size: 256,
    template: 'mtcnn_512',
    source: converted('crossface_hififace', true),
    input: 'signed',
    output: 'signed',
    copies: [],
    licence: { ...LICENCES.unknown, by: 'GuijiAI' },
  }),
  ...FROM_PICTURES,
];

/** Every kind of published model in a call in Chromium, on the processor, by a generated network that has its ends. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { publishedModel } from '../../src/models/manifest.ts';
import { recipeFaceSchema, type RecipeFace } from '../../src/swap/neural/recipe.ts';
import type { TemplateName } from '../../src/swap/neural/align/templates.ts';
import { brokerReady } from '../bench/gpu/streams/gpu-gateway.ts';
import { LocalSwap } from '../bench/local-swap.ts';
import { addGenerated, facesOf, type Colour } from '../gpu/networks/published.ts';
import { sceneOf, type ClipSettings } from '../media/clip.ts';
import { BROWSER_SKIPPED } from './chromium.ts';
import { CropParts, type PartColours } from './studio/crop-parts.ts';
import { keepFrames, takeFrames } from './studio/returned-frames.ts';
import { readStamp, stampedCamera } from './studio/stamp.ts';
import { agreeToPhoto, offerPhoto, openStudio, startCamera, type Studio } from './studio/studio.ts';

// Few frames a second: a processor must carry every recipe whole, or the scheduler leaves its enhancer out.
const CLIP: ClipSettings = { script: 'talk', width: 640, height: 480, frameRate: 5 };

/** A recipe of published models by their names, and what its enhancer makes of a colour. */
interface Kind {
  readonly name: string;
  readonly model: string;
  readonly masks?: readonly string[];
  readonly ownMask?: boolean;
  /** Parts of the crop that its masks keep the caller's. */
  readonly keeps?: readonly (keyof PartColours)[];
  readonly enhancer?: string;
  readonly enhanced?: (colour: Colour) => Colour;
}
const each = (change: (value: number) => number) => (colour: Colour) => colour.map(change) as unknown as Colour;
const exchanged = ([red, green, blue]: Colour): Colour => [blue, green, red];
const KINDS: readonly Kind[] = [
  { name: 'inswapper', model: 'inswapper_128', enhancer: 'gpen_bfr_512', enhanced: exchanged },
  { name: 'hyperswap', model: 'hyperswap_1a_256', masks: ['xseg_1'], ownMask: true, keeps: ['before', 'below'] },
  { name: 'ghost', model: 'ghost_1_256', masks: ['bisenet_resnet_34'], keeps: ['hair'] },
  { name: 'simswap', model: 'simswap_256', enhancer: 'gfpgan_1.4', enhanced: each((value) => 1 - value) },
  { name: 'simswap-512', model: 'simswap_unofficial_512' },
  // Half its weight's worth of −1..1 is a quarter of 0..1.
  {
    name: 'hififace',
    model: 'hififace_unofficial_256',
    enhancer: 'codeformer',
    enhanced: each((value) => value + 0.25),
  },
  { name: 'blendswap', model: 'blendswap_256' },
  { name: 'uniface', model: 'uniface_256', enhancer: 'gpen_bfr_256', enhanced: exchanged },
];
/** How far a mean colour may be off, after two codecs. */
const NEAR = 0.06;
/** Most looks at three frames each until a new session shows what it must. */
const LOOKS = 40;

describe.skipIf(BROWSER_SKIPPED)('calls by each kind of model in Chromium (left out by GUISE_SKIP=browser)', () => {
  const folder = mkdtempSync(join(tmpdir(), 'guise-kinds-'));
  const scene = sceneOf(CLIP);
  let studio: Studio;
  /** Mean colour of what each recipe takes of the photo, if that is a picture. */
  let photos: ReadonlyMap<string, Colour>;

  beforeAll(async () => {
    await addGenerated(join(folder, 'models'));
    const file = join(folder, 'guise.json');
    const recipes = KINDS.map(({ enhanced: _, keeps: __, ...kind }) => ({ ...kind, maximumBatch: 1 }));
    const models = { folder: join(folder, 'models'), allowNonCommercial: true };
    // Admission by what was measured would refuse: it counts on 30 frames a second.
    const sessions = { maximum: 2 };
    writeFileSync(file, JSON.stringify({ models, sessions, gpu: { provider: 'cpu', workersPerGpu: 1, recipes } }));
    photos = await photoColours();
    studio = await openStudio({
      camera: await stampedCamera(CLIP),
      settings: { GUISE_CONFIG: file },
    });
    await brokerReady(studio.gateway.url);
    await startCamera(studio.page);
    await wearPhoto(studio);
  });
  afterAll(async () => {
    await studio?.close();
    rmSync(folder, { recursive: true });
  });

  /** What frames from now on show of a crop, beside what the camera showed, until they show what is `wanted`, or for as long as it takes. */
  async function look(
    template: TemplateName,
    size: number,
    wanted: (seen: Seen) => boolean,
  ): Promise<Seen | undefined> {
    const parts = new CropParts(template, size);
    let seen: Seen | undefined;
    for (let looks = 0; looks < LOOKS; looks++) {
      await keepFrames(studio.page, 'swapped', 3);
      for (const { picture } of await takeFrames(studio.page)) {
        const index = readStamp(picture);
        if (index === undefined) continue;
        const { picture: raw, faces } = scene.draw(index);
        const { landmarks } = faces[0]!;
        seen = { shown: parts.colours(picture, landmarks), camera: parts.colours(raw, landmarks) };
        if (wanted(seen)) return seen;
      }
    }
    return seen;
  }

  it.each(KINDS)('swaps by $model, $masks $enhancer', async ({ name, model: modelName, keeps = [], enhanced }) => {
    const model = publishedModel(modelName);
    if (model.kind !== 'swap') throw new TypeError('it must be a swap model');
    const expected = ({ camera }: Seen): Colour => {
      const face = facesOf(modelName, camera.face, photos.get(name));
      return (enhanced?.(face) ?? face).map((value) => Math.min(1, value)) as unknown as Colour;
    };
    const kept = ({ shown, camera }: Seen): boolean => keeps.every((part) => far(shown[part], camera[part]) < NEAR);

    await studio.page.selectOption('#swap', name);
    await studio.page.locator('#state[data-state="live"]').waitFor();
    const seen = await look(
      model.template,
      model.size,
      (each) => far(each.shown.face, expected(each)) < NEAR && kept(each),
    );

    expect(seen).toBeDefined();
    expect(far(seen!.shown.face, expected(seen!)), JSON.stringify(seen)).toBeLessThan(NEAR);
    expect(kept(seen!), JSON.stringify(seen)).toBe(true);
    expect(studio.pageErrors).toEqual([]);
  });
});

interface Seen {
  readonly shown: PartColours;
  readonly camera: PartColours;
}

function far(one: Colour, other: Colour): number {
  return Math.max(...one.map((value, channel) => Math.abs(value - other[channel]!)));
}

/** Uploads the photo by the page, and lets nothing but networks change the face's colours. */
async function wearPhoto({ page }: Studio): Promise<void> {
  await offerPhoto(page);
  await agreeToPhoto(page);
  await page.click('details summary');
  await page.selectOption('#colours', 'off');
  await page.locator('#enhance').fill('100');
}

async function photoColours(): Promise<ReadonlyMap<string, Colour>> {
  const recipes = KINDS.flatMap(({ name, model: modelName }): RecipeFace[] => {
    const model = publishedModel(modelName);
    if (model.kind !== 'swap' || model.source.kind !== 'image') return [];
    const { size, template, source } = model;
    return [recipeFaceSchema.parse({ name, size, template, source })];
  });
  const local = await LocalSwap.open();
  const { sources } = await local.identity('astronaut', recipes);
  await local.close();
  return new Map([...sources!].map(([name, { bytes }]) => [name, meanColour(bytes)]));
}

function meanColour(rgb: Uint8Array): Colour {
  const sums = [0, 0, 0];
  rgb.forEach((value, k) => (sums[k % 3]! += value));
  return sums.map((sum) => (3 * sum) / rgb.length / 255) as unknown as Colour;
}

import type { I420 } from '../../src/media/plane.ts';
import { networkShare, pasteShare } from '../../src/session/pixel/neural/network-share.ts';
import type { FacePass, PassOptions, Shown } from '../../src/session/pixel/face-pass.ts';
import type { CropLanes } from '../../src/swap/neural/crop-lane.ts';
import { NeuralSwap } from '../../src/swap/neural/neural-swap.ts';
import type { RecipeFace } from '../../src/swap/neural/recipe.ts';
import { LocalLanes } from './local-lanes.ts';

/** A pass whose faces go through a network in this process, each picture to its end: for knowing what one must look like. */
export class NeuralPass implements Pick<FacePass, 'run'> {
  readonly #pass: FacePass;
  readonly #recipe: RecipeFace;
  readonly #swap: NeuralSwap;

  private constructor(pass: FacePass, recipe: RecipeFace, swap: NeuralSwap) {
    this.#pass = pass;
    this.#recipe = recipe;
    this.#swap = swap;
  }

  /**
   * @param pass that wears an identity with a source for the recipe
   * @param lanes to the network; left out: one that lays the photo over the face
   */
  static async open(
    pass: FacePass,
    recipe: RecipeFace,
    lanes: CropLanes = new LocalLanes(recipe.size),
  ): Promise<NeuralPass> {
    const lane = await lanes.open({ recipe: recipe.name, tier: '', tenant: '', frameRate: 30, faces: 1 });
    return new NeuralPass(pass, recipe, new NeuralSwap(recipe, lane));
  }

  async run(picture: I420, options: PassOptions): Promise<Shown> {
    const look = await this.#pass.look(picture, options);
    if (look.kind === 'unwanted') return look;
    const share = networkShare(look, this.#recipe);
    const faces = share?.places.map((place) => look.decision.swaps[place]!.face) ?? [];
    const { enhance, enhanceEvery } = look.settings;
    const flight = share && this.#swap.send(picture, faces, { ...share, deadline: 0, enhance, enhanceEvery });
    if (flight === undefined) return this.#pass.show(picture, look, await this.#pass.swap(picture, look));
    const pixels = await flight.swapped;
    const made = pixels ? pasteShare(this.#swap, picture, { look, share: share!, flight, pixels, keep: false }) : [];
    this.#swap.release(flight);
    return this.#pass.show(picture, look, await this.#pass.swap(picture, look, made));
  }
}

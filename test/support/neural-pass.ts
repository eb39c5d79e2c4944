import type { I420 } from '../../src/media/plane.ts';
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
    const source = look.identity?.sources?.get(this.#recipe.name);
    const faces = look.decision.swaps.map(({ face }) => face);
    const flight =
      source && faces.length > 0
        ? this.#swap.send(picture, faces, { sources: faces.map(() => source), deadline: 0 })
        : undefined;
    const pixels = await flight?.swapped;
    const crops = flight && pixels ? this.#swap.paste(picture, flight, { pixels, keep: false }) : [];
    if (flight) this.#swap.release(flight);
    return this.#pass.show(picture, look, crops);
  }
}

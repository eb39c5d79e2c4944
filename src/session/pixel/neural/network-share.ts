import type { I420 } from '../../../media/plane.ts';
import type { CropSource, SwappedPixels } from '../../../swap/neural/crop-lane.ts';
import type { MaskLook } from '../../../swap/neural/mask/face-mask.ts';
import type { Flight, NeuralSwap } from '../../../swap/neural/neural-swap.ts';
import type { RecipeFace } from '../../../swap/neural/recipe.ts';
import type { Crops, Look } from '../face-pass.ts';

/** Those of a frame's swaps that go through a network. */
export interface NetworkShare {
  /** Their places among the look's swaps. */
  readonly places: readonly number[];
  /** What those who are put on there are to the network. */
  readonly sources: readonly CropSource[];
}

/** Who can go through a network; the mesh swaps the others. `undefined` if nobody can. */
export function networkShare({ identities }: Look, { name }: RecipeFace): NetworkShare | undefined {
  const places = identities.flatMap(({ sources }, place) => (sources?.has(name) ? [place] : []));
  if (places.length === 0) return undefined;
  return { places, sources: places.map((place) => identities[place]!.sources!.get(name)!) };
}

/** What a network made of a share, and the flight that brought it. */
export interface Landed {
  readonly look: Look;
  readonly share: NetworkShare;
  readonly flight: Flight;
  readonly pixels: readonly SwappedPixels[];
  /** They are wanted for `repose`. */
  readonly keep: boolean;
}

/** Lays new faces where theirs were cut out, as the look wants them, in the places of its swaps. Valid until the swap's next `paste`. */
export function pasteShare(swap: NeuralSwap, picture: I420, { look, share, flight, pixels, keep }: Landed): Crops {
  const { places } = share;
  const looks = places.map((place) => maskLook(look, place));
  const made = swap.paste(picture, flight, { pixels, keep, looks });
  return look.decision.swaps.map((_, place) => made[places.indexOf(place)]);
}

function maskLook({ settings, decision }: Look, place: number): MaskLook {
  const { hull, mouth, padding, blur, policy } = settings;
  // Over a hidden head the caller's mouth is hidden too, so the identity's own is shown.
  const own = decision.swaps[place]!.covered ? 0 : mouth;
  return { hull, padding, blur, mouth: own, strict: policy === 'never' };
}

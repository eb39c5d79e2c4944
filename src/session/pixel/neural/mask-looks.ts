import type { MaskLook } from '../../../swap/neural/mask/face-mask.ts';
import type { Look } from '../face-pass.ts';

/** How the masks of a frame's new faces are wanted, one for each swap. */
export function maskLooks({ settings, decision }: Look): readonly MaskLook[] {
  const { hull, mouth, padding, blur, policy } = settings;
  // Over a hidden head the caller's mouth is hidden too, so the identity's own is shown.
  return decision.swaps.map(({ covered }) => ({
    hull,
    padding,
    blur,
    mouth: covered ? 0 : mouth,
    strict: policy === 'never',
  }));
}

import type { Look } from '../sdk/session.ts';
import { element } from './elements.ts';

/** Sliders, by what they set; each has its value beside it. */
const SLIDERS = {
  opacity: element('opacity', HTMLInputElement),
  mouth: element('mouth', HTMLInputElement),
  sharpness: element('sharpness', HTMLInputElement),
  padding: element('padding', HTMLInputElement),
  blur: element('blur', HTMLInputElement),
  enhance: element('enhance', HTMLInputElement),
};
const enhanceEvery = element('enhance-every', HTMLInputElement);
const keepEyes = element('keep-eyes', HTMLInputElement);
const keepMouth = element('keep-mouth', HTMLInputElement);
const front = element('front', HTMLInputElement);
const hull = element('hull', HTMLInputElement);
const colours = element('colours', HTMLSelectElement);

/** The look that the page's controls show. */
export function chosenLook(): Look {
  const share = (slider: HTMLInputElement): number => Number(slider.value) / 100;
  return {
    opacity: share(SLIDERS.opacity),
    keepEyes: keepEyes.checked,
    keepMouth: keepMouth.checked,
    front: front.checked,
    hull: hull.checked,
    mouth: share(SLIDERS.mouth),
    padding: share(SLIDERS.padding),
    blur: share(SLIDERS.blur),
    colours: colours.value as NonNullable<Look['colours']>,
    sharpness: share(SLIDERS.sharpness),
    enhance: share(SLIDERS.enhance),
    enhanceEvery: Number(enhanceEvery.value),
  };
}

/** Tells of every change of them, and writes their values beside them, now too. */
export function watchLook(onChange: (look: Look) => void): void {
  const show = (): void => {
    for (const slider of Object.values(SLIDERS))
      element(`${slider.id}-value`, HTMLOutputElement).value = `${slider.value} %`;
    element('enhance-every-value', HTMLOutputElement).value = enhanceEvery.value;
  };
  for (const input of [...Object.values(SLIDERS), enhanceEvery, keepEyes, keepMouth, front, hull, colours]) {
    input.addEventListener('input', () => {
      show();
      onChange(chosenLook());
    });
  }
  show();
}

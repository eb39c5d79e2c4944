import type { Wearers } from '../sdk/session.ts';
import { element } from './elements.ts';

/** Faces that can be given somebody of their own; more are few people's case, and another field each. */
const MOST = 4;
/** Like all others. */
const SAME = 'same';

interface PeoplePanelOptions {
  /** All that can be worn; an empty id hides the face. */
  readonly choices: () => readonly { readonly id: string; readonly title: string }[];
  /** True if one sees oneself as in a mirror: then left is right in the picture that is sent. */
  readonly mirrored: () => boolean;
  readonly onChange: (wearers: Wearers) => void;
}

/** Lets each of several faces wear somebody of its own. Shown once more than one face was seen in this call. */
export class PeoplePanel {
  readonly #options: PeoplePanelOptions;
  readonly #panel = element('people', HTMLFieldSetElement);
  readonly #fields = element('people-choices', HTMLDivElement);

  constructor(options: PeoplePanelOptions) {
    this.#options = options;
  }

  /** Tells how many faces are in the picture now. */
  show(faces: number): void {
    if (faces < 2 && this.#panel.hidden) return;
    this.#panel.hidden = false;
    while (this.#fields.childElementCount < Math.min(faces, MOST)) this.#addField();
    for (const select of this.#selects) this.#offer(select);
  }

  /** Photos were uploaded again, under new ids. */
  renew(ids: ReadonlyMap<string, string>): void {
    for (const select of this.#selects) {
      const renewed = ids.get(select.value);
      this.#offer(select, renewed ?? select.value);
    }
    if (this.#selects.some(({ value }) => value !== SAME)) this.#options.onChange(this.#wearers);
  }

  /** The call is over. */
  clear(): void {
    this.#panel.hidden = true;
    this.#fields.replaceChildren();
  }

  get #selects(): HTMLSelectElement[] {
    return [...this.#fields.querySelectorAll('select')];
  }

  get #wearers(): Wearers {
    const side = this.#options.mirrored() ? -1 : 1;
    return this.#selects.flatMap(({ value }, index) =>
      value === SAME ? [] : [{ identity: value || null, position: side * (index + 1) }],
    );
  }

  #addField(): void {
    const label = document.createElement('label');
    const select = document.createElement('select');
    select.addEventListener('change', () => this.#options.onChange(this.#wearers));
    label.append(`Face ${this.#fields.childElementCount + 1} from the left `, select);
    this.#fields.append(label);
    this.#offer(select);
  }

  /** Offers what can be worn by now, and keeps what is chosen. */
  #offer(select: HTMLSelectElement, chosen = select.value || (select.selectedIndex < 0 ? SAME : '')): void {
    const choices = [{ id: SAME, title: 'As chosen above' }, ...this.#options.choices()];
    const known = [...select.options].map(({ value }) => value);
    if (String(known) !== String(choices.map(({ id }) => id))) {
      select.replaceChildren(...choices.map(({ id, title }) => new Option(title, id)));
    }
    select.value = chosen;
  }
}

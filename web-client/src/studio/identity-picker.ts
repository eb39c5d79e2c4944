import { uploadPhoto, type ConsentStatement, type GatewayDoor } from '../sdk/identities.ts';
import type { MaskList } from '../../../src/api/messages.ts';
import { askConsent } from './consent.ts';
import { element } from './elements.ts';

/** Photos of one person that were uploaded in this page; kept so that they can be uploaded again to a restarted gateway. */
interface UploadedPhotos {
  readonly photos: readonly Blob[];
  readonly consent: ConsentStatement;
  readonly option: HTMLInputElement;
}

/** The row of masks and photos. One is always chosen; “hidden” wears nobody. */
export class IdentityPicker {
  readonly #gateway: GatewayDoor;
  readonly #group = element('picker', HTMLDivElement);
  readonly #onPick: (identity: string | null) => void;
  readonly #say: (notice: string) => void;
  readonly #photos: UploadedPhotos[] = [];

  constructor(gateway: GatewayDoor, listener: { onPick(identity: string | null): void; say(notice: string): void }) {
    this.#gateway = gateway;
    this.#onPick = listener.onPick;
    this.#say = listener.say;
    const file = element('photo', HTMLInputElement);
    file.addEventListener('change', () => {
      const photos = [...(file.files ?? [])];
      file.value = '';
      if (photos.length > 0) void this.add(photos);
    });
    this.#takeDrops();
  }

  /** The chosen identity, or null for “hidden”. */
  get chosen(): string | null {
    return this.#group.querySelector<HTMLInputElement>('input:checked')?.value || null;
  }

  /** All that can be chosen, with their titles. */
  get choices(): readonly { readonly id: string; readonly title: string }[] {
    return [...this.#group.querySelectorAll('input')].map((input) => ({
      id: input.value,
      title: input.parentElement?.textContent ?? input.value,
    }));
  }

  /** Shows these masks and chooses the first. */
  show(masks: MaskList['masks']): void {
    const add = document.createElement('button');
    add.type = 'button';
    add.className = 'tile add';
    add.textContent = '+ Add photo';
    add.addEventListener('click', () => element('photo', HTMLInputElement).click());
    this.#group.replaceChildren(add);
    for (const mask of masks) this.#addOption(mask.id, mask.title, mask.thumbnail);
    this.#addOption('', 'Hidden');
    const first = this.#group.querySelector('input');
    if (first) first.checked = true;
    // The camera may have been started while the masks were on their way.
    this.#onPick(this.chosen);
  }

  /** Asks for consent, uploads, and puts on who is in the photo; several photos are of one person. */
  async add(photos: readonly File[]): Promise<void> {
    if (!photos.every(({ type }) => type.startsWith('image/')))
      return this.#say('That is not a picture. Use a JPEG, PNG or WebP photo.');
    const consent = await askConsent(photos);
    if (!consent) return;
    try {
      const identity = await uploadPhoto(this.#gateway, photos, consent);
      const option = this.#addOption(identity.id, consent.subject, identity.thumbnail);
      this.#photos.push({ photos, consent, option });
      option.checked = true;
      const left = identity.refusals.map(
        ({ photo, message }) => `Left out, ${photos[photo - 1]?.name ?? ''}: ${message}.`,
      );
      this.#say([...left, ...identity.warnings.map((warning) => warning.message)].join(' '));
      this.#onPick(identity.id);
    } catch (error) {
      this.#say(error instanceof Error ? error.message : String(error));
    }
  }

  /** Uploads this page's photos again: the gateway keeps them in memory only and may have restarted. Gives the new ids by the old. */
  async renew(): Promise<ReadonlyMap<string, string>> {
    const renewed = new Map<string, string>();
    for (const { photos, consent, option } of this.#photos) {
      const { id } = await uploadPhoto(this.#gateway, photos, consent);
      renewed.set(option.value, id);
      option.value = id;
    }
    this.#onPick(this.chosen);
    return renewed;
  }

  #addOption(id: string, title: string, thumbnail?: string): HTMLInputElement {
    const label = document.createElement('label');
    label.className = 'tile';
    const option = document.createElement('input');
    option.type = 'radio';
    option.name = 'identity';
    option.value = id;
    option.addEventListener('change', () => this.#onPick(this.chosen));
    const name = document.createElement('span');
    name.textContent = title;
    label.append(option);
    if (thumbnail) {
      const image = document.createElement('img');
      image.src = thumbnail;
      image.alt = '';
      label.append(image);
    }
    label.append(name);
    this.#group.lastElementChild?.before(label);
    return option;
  }

  #takeDrops(): void {
    const over = (event: DragEvent): void => {
      event.preventDefault();
      document.body.classList.toggle('dropping', event.type === 'dragover');
    };
    for (const name of ['dragover', 'dragleave', 'drop'] as const) document.addEventListener(name, over);
    document.addEventListener('drop', (event) => {
      const photos = [...(event.dataTransfer?.files ?? [])];
      if (photos.length > 0) void this.add(photos);
    });
  }
}

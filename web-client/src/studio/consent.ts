import type { ConsentStatement } from '../sdk/identities.ts';
import { element } from './elements.ts';

/** Asks whether the person in the photos agreed. Resolves with the statement, or undefined if the answer was no. */
export async function askConsent([photo = new Blob(), ...more]: readonly Blob[]): Promise<
  ConsentStatement | undefined
> {
  const dialog = element('consent', HTMLDialogElement);
  const preview = element('consent-preview', HTMLImageElement);
  const agreed = element('agreed', HTMLInputElement);
  const subject = element('subject', HTMLInputElement);
  preview.src = URL.createObjectURL(photo);
  element('consent-count', HTMLParagraphElement).textContent =
    more.length > 0 ? `and ${more.length} more, all of the same person` : '';
  agreed.checked = false;
  subject.value = '';
  dialog.returnValue = 'cancel';
  dialog.showModal();
  await new Promise((resolve) => dialog.addEventListener('close', resolve, { once: true }));
  URL.revokeObjectURL(preview.src);
  if (dialog.returnValue !== 'agree') return undefined;
  return {
    subject: subject.value.trim(),
    grantedBy: element('granted-by', HTMLInputElement).value.trim(),
    grantedAt: new Date().toISOString(),
  };
}

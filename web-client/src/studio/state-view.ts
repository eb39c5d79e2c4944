import { describe } from './describe.ts';
import { element } from './elements.ts';
import type { PageState } from './page-state.ts';

const status = element('state', HTMLElement);
const notice = element('notice', HTMLElement);
const start = element('start', HTMLButtonElement);
const retry = element('retry', HTMLButtonElement);
const swapped = element('swapped-view', HTMLElement);

/** Shows the page's state: in the header, as a sentence that is read out, over the picture that stands, in the tab's title. */
export function showState(state: PageState): void {
  const shown = describe(state, navigator.onLine);
  status.dataset['state'] = shown.name;
  setText(status, shown.label);
  setText(notice, shown.sentence);
  document.title = `${shown.label} – Guise studio`;
  const off = state.name === 'off' || state.name === 'ended';
  start.textContent = off ? 'Start camera' : 'Stop';
  if (document.activeElement === retry && !shown.retry) start.focus();
  retry.hidden = !shown.retry;
  // What stands there is the last picture that came back; nobody shall take it for the one of now.
  if (off || shown.name === 'live' || shown.name === 'checking') delete swapped.dataset['stale'];
  else swapped.dataset['stale'] = shown.label;
}

/** A live region is read out when its text is set, so an unchanged one is left alone. */
function setText(region: HTMLElement, text: string): void {
  if (region.textContent !== text) region.textContent = text;
}

/** Where the token of this page is kept, for as long as its tab is open. */
const KEY = 'guise-token';

/**
 * The token that the page's address carried (`#token=…`), now or earlier in this tab. It is taken out of the address, so that
 * it is in no screenshot and no bookmark; what follows `#` is never sent to a server.
 */
export function takeToken(): string | undefined {
  const given = new URLSearchParams(location.hash.slice(1)).get('token');
  if (given) {
    sessionStorage.setItem(KEY, given);
    history.replaceState(null, '', location.pathname + location.search);
  }
  return given ?? sessionStorage.getItem(KEY) ?? undefined;
}

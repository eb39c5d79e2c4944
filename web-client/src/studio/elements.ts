/** The element with this id; the page and its script belong together, so a missing one is a mistake of ours. */
export function element<Kind extends HTMLElement>(id: string, kind: new () => Kind): Kind {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new TypeError(`the page must have a ${kind.name} [id:${id}]`);
  return found;
}

/** Notifications with a typed map: `on` returns the function that takes the listener off again. */
export class Events<Map extends object> {
  readonly #listeners = new Map<keyof Map, Set<(value: never) => void>>();

  on<Name extends keyof Map>(name: Name, listener: (value: Map[Name]) => void): () => void {
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners.add(listener));
    return () => listeners.delete(listener);
  }

  emit<Name extends keyof Map>(name: Name, value: Map[Name]): void {
    for (const listener of this.#listeners.get(name) ?? []) (listener as (value: Map[Name]) => void)(value);
  }
}

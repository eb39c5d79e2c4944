/** What a course of states is made of. */
export interface CourseParts<State, Event> {
  /** What follows; the same object if nothing does. Pure. */
  readonly next: (state: State, event: Event) => State;
  /** What is taken when a state's `until` has come. */
  readonly timeUp: Event;
  /** Does what the state asks for. */
  readonly enter: (state: State) => void;
}

/** Walks through the states of a union: takes events, enters what follows, and keeps time for states that have an `until`. */
export class Course<State extends { readonly name: string; readonly until?: number }, Event> {
  readonly #parts: CourseParts<State, Event>;
  #state: State;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(first: State, parts: CourseParts<State, Event>) {
    this.#state = first;
    this.#parts = parts;
  }

  get state(): State {
    return this.#state;
  }

  take(event: Event): void {
    const { next, timeUp, enter } = this.#parts;
    const state = next(this.#state, event);
    if (state === this.#state) return;
    this.#state = state;
    clearTimeout(this.#timer);
    if (state.until !== undefined)
      this.#timer = setTimeout(() => this.take(timeUp), Math.max(0, state.until - performance.now()));
    enter(state);
  }
}

/** A place for one thing, where the newest wins. Used wherever a backlog would only add latency. */
export class Slot<T> {
  #held: T | undefined;

  /** Puts `value` in; what it displaces is returned, and is the caller's to close and count. */
  put(value: T): T | undefined {
    const displaced = this.#held;
    this.#held = value;
    return displaced;
  }

  /** Takes the value out. */
  take(): T | undefined {
    const held = this.#held;
    this.#held = undefined;
    return held;
  }

  /** Looks without taking. */
  peek(): T | undefined {
    return this.#held;
  }
}

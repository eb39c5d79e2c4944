import type { Path } from './checklist.ts';
import type { LocalPort } from './ports/local-port.ts';
import type { Remote } from './stun/internet-address.ts';

/** Addresses that the peer may have proven at once; more are a flood, the oldest is forgotten. */
const MAXIMUM_PATHS = 32;

/** The paths over which the peer has proven that it knows our password, the chosen one among them. */
export class ProvenPaths {
  readonly #paths = new Map<string, Path>();
  #chosen: Path | undefined;

  /** Where media runs. */
  get chosen(): Path | undefined {
    return this.#chosen;
  }

  has(local: LocalPort, from: Remote): boolean {
    return this.isChosen(local, from) || this.#paths.has(keyOf(local, from));
  }

  isChosen(local: LocalPort, from: Remote): boolean {
    const path = this.#chosen;
    return path !== undefined && path.port === from.port && path.local === local && path.address === from.address;
  }

  /** The peer has proven this path. */
  add(local: LocalPort, from: Remote): Path {
    // Each time: a shared socket may not have given the address to us yet.
    local.trust(from);
    if (this.#chosen !== undefined && this.isChosen(local, from)) return this.#chosen;
    const key = keyOf(local, from);
    const known = this.#paths.get(key);
    if (known !== undefined) return known;
    if (this.#paths.size >= MAXIMUM_PATHS) this.#forgetOldest();
    const path = { local, address: from.address, port: from.port };
    this.#paths.set(key, path);
    return path;
  }

  /** Media runs over this one from now on. Returns whether that is a change. */
  choose({ local, address, port }: Path): boolean {
    const path = this.add(local, { address, port });
    if (path === this.#chosen) return false;
    this.#chosen = path;
    return true;
  }

  #forgetOldest(): void {
    for (const [key, path] of this.#paths) {
      if (path === this.#chosen) continue;
      this.#paths.delete(key);
      path.local.forget(path);
      return;
    }
  }
}

function keyOf(local: LocalPort, from: Remote): string {
  return `${local.transport}:${local.host.bind}:${local.port}|${from.address}:${from.port}`;
}

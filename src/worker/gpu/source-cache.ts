import { GatewayError } from '../../errors.ts';
import { sha256 } from '../../onnx/digest.ts';

/** Sources by their SHA-256, as many as fit; the least used goes first. One may be larger than the bound. */
export class SourceCache {
  readonly #limit: number;
  /** In order of use, the latest last. */
  readonly #sources = new Map<string, Uint8Array>();
  #bytes = 0;

  /** @param limit bytes */
  constructor(limit: number) {
    this.#limit = limit;
  }

  get count(): number {
    return this.#sources.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** @throws GatewayError message_invalid if the bytes are others than named */
  add(hash: string, bytes: Uint8Array): void {
    if (sha256(bytes) !== hash) {
      throw new GatewayError('message_invalid', `a source must have the hash that names it [hash:${hash}]`);
    }
    if (this.#sources.has(hash)) return;
    this.#sources.set(hash, bytes);
    this.#bytes += bytes.length;
    for (const [oldest, { length }] of this.#sources) {
      if (this.#bytes <= this.#limit || oldest === hash) return;
      this.#sources.delete(oldest);
      this.#bytes -= length;
    }
  }

  /** The bytes, which count as used now. */
  get(hash: string): Uint8Array | undefined {
    const bytes = this.#sources.get(hash);
    if (bytes === undefined) return undefined;
    this.#sources.delete(hash);
    this.#sources.set(hash, bytes);
    return bytes;
  }
}

import type { Door } from './peer.ts';

/** Publishes by WHIP or watches by WHEP. */
export class Whip implements Door {
  readonly #endpoint: string;
  #location: string | undefined;

  /** @param endpoint e.g. `http://127.0.0.1:8080/whip/stage?identity=mask:gold` */
  constructor(endpoint: string) {
    this.#endpoint = endpoint;
  }

  async offer(sdp: string): Promise<string> {
    const headers = { 'content-type': 'application/sdp' };
    const response = await fetch(this.#endpoint, { method: 'POST', headers, body: sdp });
    const text = await response.text();
    if (response.status !== 201) throw new Error(`the gateway must answer [${response.status}] ${text}`);
    this.#location = new URL(response.headers.get('location') ?? '', this.#endpoint).href;
    return text;
  }

  /** Whether what was opened is still there: it would take a fragment of trickle ICE. */
  async isThere(): Promise<boolean> {
    if (this.#location === undefined) return false;
    const headers = { 'content-type': 'application/trickle-ice-sdpfrag' };
    return (await fetch(this.#location, { method: 'PATCH', headers, body: 'a=end-of-candidates\r\n' })).ok;
  }

  async close(): Promise<void> {
    const location = this.#location;
    this.#location = undefined;
    if (location !== undefined) await fetch(location, { method: 'DELETE' });
  }
}

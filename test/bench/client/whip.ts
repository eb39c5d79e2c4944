import type { Door } from './peer.ts';

/** Publishes by WHIP or watches by WHEP. A later offer restarts ICE by a fragment, which is all that the two can. */
export class Whip implements Door {
  readonly #endpoint: string;
  #location: string | undefined;
  #answer = '';

  /** @param endpoint e.g. `http://127.0.0.1:8080/whip/stage?identity=mask:gold` */
  constructor(endpoint: string) {
    this.#endpoint = endpoint;
  }

  async offer(sdp: string): Promise<string> {
    if (this.#location !== undefined) return this.#restart(this.#location, sdp);
    const headers = { 'content-type': 'application/sdp' };
    const response = await fetch(this.#endpoint, { method: 'POST', headers, body: sdp });
    this.#answer = await response.text();
    if (response.status !== 201) throw new Error(`the gateway must answer [${response.status}] ${this.#answer}`);
    this.#location = new URL(response.headers.get('location') ?? '', this.#endpoint).href;
    return this.#answer;
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

  /** RFC 9725 §4.3.3: credentials there and back. The answer stays as it was but for them. */
  async #restart(location: string, sdp: string): Promise<string> {
    const body =
      sdp
        .match(/^a=ice-(ufrag|pwd):.*$/gm)!
        .slice(0, 2)
        .join('\r\n') + '\r\n';
    const headers = { 'content-type': 'application/trickle-ice-sdpfrag', 'if-match': '*' };
    const response = await fetch(location, { method: 'PATCH', headers, body });
    const fragment = await response.text();
    if (response.status !== 200) throw new Error(`the gateway must restart ICE [${response.status}] ${fragment}`);
    for (const [, name, value] of fragment.matchAll(/^a=(ice-ufrag|ice-pwd):(\S+)/gm)) {
      this.#answer = this.#answer.replaceAll(new RegExp(`^a=${name}:\\S+`, 'gm'), `a=${name}:${value}`);
    }
    return this.#answer;
  }
}

import { newCredentials, type IceCredentials } from './checklist.ts';

/** Credentials that are honoured at once: those of the latest answer, and of one before while a restart is under way. */
const HONOURED = 2;

/** The credentials of both sides; each ICE restart begins a generation. */
export class Generations {
  #local: IceCredentials[] = [newCredentials()];
  #remoteUfrag = '';

  /** Ours, of the latest generation. */
  get current(): IceCredentials {
    return this.#local[0]!;
  }

  /** The peer's user fragment; empty before its first description. */
  get remoteUfrag(): string {
    return this.#remoteUfrag;
  }

  /** Takes the user fragment of a description of the peer; another than before is a restart and makes new credentials. */
  take(remoteUfrag: string): 'same' | 'first' | 'restart' {
    const before = this.#remoteUfrag;
    if (before === remoteUfrag) return 'same';
    this.#remoteUfrag = remoteUfrag;
    if (before === '') return 'first';
    this.#local = [newCredentials(), ...this.#local].slice(0, HONOURED);
    return 'restart';
  }

  /** The credentials of ours that a user name of a check names. */
  match(username: string): IceCredentials | undefined {
    const colon = username.indexOf(':');
    const ours = username.slice(0, colon);
    const found = this.#local.find(({ ufrag }) => ufrag === ours);
    // Only the newest generation has a known remote fragment; the one before was checked when it was new.
    if (found === this.current && username.slice(colon + 1) !== this.#remoteUfrag) return undefined;
    return found;
  }
}

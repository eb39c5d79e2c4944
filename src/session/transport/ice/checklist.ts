import { randomBytes } from 'node:crypto';
import type { Clock, Milli } from '../../../time.ts';
import { comparePairs, type PairPriority } from './candidate.ts';
import type { LocalPort } from './ports/local-port.ts';
import type { Remote } from './stun/internet-address.ts';
import { transactionKey, verifyIntegrity, type IceRole, type StunMessage } from './stun/stun.ts';
import { writeCheck } from './stun/write-stun.ts';

/** A path to the peer: one of our ports and one of its addresses. */
export interface Path extends Remote {
  readonly local: LocalPort;
}

export interface IceCredentials {
  readonly ufrag: string;
  readonly password: string;
}

/** New ones. RFC 8839 §5.4: at least 4 and 22 characters; 48 and 192 random bits here. Base64 without its padding is allowed. */
export function newCredentials(): IceCredentials {
  return { ufrag: randomBytes(6).toString('base64'), password: randomBytes(24).toString('base64') };
}

export interface ChecklistOptions {
  readonly local: IceCredentials;
  readonly remote: IceCredentials;
  readonly role: IceRole;
  readonly clock: Clock;
  /** A pair is nominated and our own check over it was answered. */
  readonly onNominated: (path: Path) => void;
}

/** Of the two candidates of a pair, and of what the peer learns by our check over it. */
export interface PairPriorities {
  readonly local: number;
  readonly remote: number;
  readonly announced: number;
}

/** `succeeded`: the peer has answered a check over this pair. */
type PairState = 'waiting' | 'in-progress' | 'succeeded' | 'failed';

interface Pair {
  readonly path: Path;
  readonly priority: PairPriority;
  /** PRIORITY of our checks over it. */
  readonly announced: number;
  state: PairState;
  /** The peer has nominated it, or we do. */
  nominated: boolean;
  tries: number;
  /** When it is sent again, or given up. */
  due: Milli;
}

/** Time between two checks (RFC 8445 §14.2). */
const PACE: Milli = 50;
/** First retransmission, doubled with each one up to the longest (RFC 8445 §14.3). */
const FIRST_RETRY: Milli = 500;
const LONGEST_RETRY: Milli = 4_000;
const MAXIMUM_TRIES = 7;
/** RFC 8445 §6.1.2.5: a peer that names more than this makes us knock at strangers' doors. */
const MAXIMUM_PAIRS = 100;
/** Requests whose answer is still taken; a consent check in 5 s and all retries of a handful of pairs. */
const MAXIMUM_WAITING = 256;
/** RFC 7675 §5.1: a check each 4–6 s; without an answer for 30 s nothing may be sent any more. */
const CONSENT_INTERVAL: Milli = 5_000;
const CONSENT_LIFETIME: Milli = 30_000;

/**
 * Our own connectivity checks of one ICE generation (RFC 8445 §7) and, once a pair is chosen, consent (RFC 7675). The
 * clock is injected; whoever owns it calls `tick` when it is due.
 */
export class Checklist {
  role: IceRole;
  readonly #options: ChecklistOptions;
  #tieBreaker = randomBytes(8).readBigUInt64BE();
  /** In the order of priority. */
  #pairs: Pair[] = [];
  /** Checks that answer a check of the peer go first (RFC 8445 §6.1.4.1). */
  #triggered: Pair[] = [];
  readonly #asked = new Map<string, { readonly pair: Pair; readonly nominating: boolean; readonly role: IceRole }>();
  #selected: Pair | undefined;
  #nextCheck: Milli = 0;
  #nextConsent: Milli = 0;
  #consented: Milli = 0;

  constructor(options: ChecklistOptions) {
    this.#options = options;
    this.role = options.role;
  }

  /** Our chosen pair, if there is one. */
  get selected(): Path | undefined {
    return this.#selected?.path;
  }

  /** Whether consent to send has run out. */
  get expired(): boolean {
    return this.#selected !== undefined && this.#options.clock.now() - this.#consented > CONSENT_LIFETIME;
  }

  /** Adds a pair to be checked in its turn. */
  add(path: Path, priorities: PairPriorities): void {
    if (this.#selected === undefined) this.#insert(path, priorities);
  }

  /** The peer has checked this path, and may have nominated it: check it back at once, which also opens our side's NAT. */
  trigger(path: Path, priorities: PairPriorities, nominated: boolean): void {
    const pair = this.#find(path) ?? this.#insert(path, priorities);
    if (pair === undefined) return;
    // What the peer has nominated last is what counts.
    if (nominated && this.role === 'controlled') for (const each of this.#pairs) each.nominated = each === pair;
    if (pair.state === 'succeeded') {
      if (pair.nominated && nominated) this.#select(pair);
    } else {
      this.#recheck(pair);
    }
  }

  /** Takes a response; false if it is none of ours. */
  take(message: StunMessage, data: Buffer, from: Path): boolean {
    const key = transactionKey(message.transaction);
    const asked = this.#asked.get(key);
    if (asked === undefined || !verifyIntegrity(data, message, this.#options.remote.password)) return false;
    this.#asked.delete(key);
    const { pair, nominating } = asked;
    if (message.kind === 'error') {
      if (message.errorCode === 487) this.#leaveRole(asked.role, pair);
      return true;
    }
    // What comes back another way than it went is no path (RFC 8445 §7.2.5.2.1).
    if (!samePath(pair.path, from)) {
      pair.state = 'failed';
      return true;
    }
    pair.state = 'succeeded';
    if (pair === this.#selected) this.#consented = this.#options.clock.now();
    if (nominating) pair.nominated = true;
    if (pair.nominated) this.#select(pair);
    else if (this.role === 'controlling' && this.#selected === undefined) this.#nominate(pair);
    return true;
  }

  /** RFC 8445 §7.3.1.1: whether the peer, which claims the same role, keeps it. If so we have changed ours. */
  yields(message: StunMessage): boolean {
    if (message.role !== this.role) return true;
    const larger = this.#tieBreaker >= message.tieBreaker;
    if (larger === (this.role === 'controlling')) return false;
    this.role = this.role === 'controlling' ? 'controlled' : 'controlling';
    return true;
  }

  /** Sends what is due. Returns when to call again; `undefined` if nothing is left to do. */
  tick(): Milli | undefined {
    const now = this.#options.clock.now();
    if (now >= this.#nextCheck && this.#sendNext(now)) this.#nextCheck = now + PACE;
    if (this.#selected !== undefined && now >= this.#nextConsent) {
      this.#send(this.#selected, false);
      this.#nextConsent = now + CONSENT_INTERVAL * (0.8 + Math.random() * 0.4);
    }
    return this.#nextDue();
  }

  #insert(path: Path, given: PairPriorities): Pair | undefined {
    if (this.#find(path) !== undefined) return undefined;
    const [controlling, controlled] =
      this.role === 'controlled' ? [given.remote, given.local] : [given.local, given.remote];
    const pair: Pair = {
      path,
      priority: { controlling, controlled },
      announced: given.announced,
      state: 'waiting',
      nominated: false,
      tries: 0,
      due: 0,
    };
    this.#pairs.push(pair);
    this.#pairs.sort((one, other) => comparePairs(one.priority, other.priority));
    if (this.#pairs.length > MAXIMUM_PAIRS)
      this.#pairs.splice(
        this.#pairs.findLastIndex((last) => last !== this.#selected),
        1,
      );
    return this.#pairs.includes(pair) ? pair : undefined;
  }

  #find(path: Path): Pair | undefined {
    return this.#pairs.find((pair) => samePath(pair.path, path));
  }

  /** One check: a triggered one, a retransmission that is due, or the best that waits. */
  #sendNext(now: Milli): boolean {
    const pair =
      this.#triggered.shift() ??
      this.#pairs.find(({ state, due }) => state === 'in-progress' && due <= now) ??
      (this.#selected === undefined ? this.#pairs.find(({ state }) => state === 'waiting') : undefined);
    if (pair === undefined) return false;
    if (pair.state !== 'in-progress') pair.tries = 0;
    if (pair.tries >= MAXIMUM_TRIES) {
      pair.state = 'failed';
      return false;
    }
    pair.state = 'in-progress';
    pair.due = now + Math.min(LONGEST_RETRY, FIRST_RETRY * 2 ** pair.tries);
    pair.tries++;
    this.#send(pair, this.role === 'controlling' && pair.nominated);
    return true;
  }

  #send(pair: Pair, nominating: boolean): void {
    const { local, remote } = this.#options;
    const transaction = randomBytes(12);
    if (this.#asked.size >= MAXIMUM_WAITING) {
      const oldest = this.#asked.keys().next().value;
      if (oldest !== undefined) this.#asked.delete(oldest);
    }
    this.#asked.set(transactionKey(transaction), { pair, nominating, role: this.role });
    const check = writeCheck(
      {
        transaction,
        username: `${remote.ufrag}:${local.ufrag}`,
        priority: pair.announced,
        role: this.role,
        tieBreaker: this.#tieBreaker,
        useCandidate: nominating,
      },
      remote.password,
    );
    pair.path.local.ask(check, pair.path);
  }

  #nextDue(): Milli | undefined {
    const dues = this.#pairs.flatMap(({ state, due }) => (state === 'in-progress' ? [due] : []));
    const waiting = this.#selected === undefined && this.#pairs.some(({ state }) => state === 'waiting');
    if (this.#triggered.length > 0 || waiting) dues.push(this.#nextCheck);
    if (this.#selected !== undefined) dues.push(this.#nextConsent);
    return dues.length === 0 ? undefined : Math.max(this.#nextCheck, Math.min(...dues));
  }

  #nominate(pair: Pair): void {
    pair.nominated = true;
    this.#recheck(pair);
  }

  /** Checks it before all that only wait for their turn. */
  #recheck(pair: Pair): void {
    pair.state = 'waiting';
    if (!this.#triggered.includes(pair)) this.#triggered.push(pair);
  }

  #select(pair: Pair): void {
    if (this.#selected === pair) return;
    const now = this.#options.clock.now();
    this.#selected = pair;
    this.#consented = now;
    this.#nextConsent = now + CONSENT_INTERVAL * (0.8 + Math.random() * 0.4);
    // What is left unchecked stays so, unless the peer asks for it by a check of its own (RFC 8445 §8.1.2).
    this.#pairs = this.#pairs.filter((each) => each.state === 'succeeded' || this.#triggered.includes(each));
    this.#options.onNominated(pair.path);
  }

  /**
   * 487: the peer keeps the role that this check claimed (RFC 8445 §7.2.5.1). We may have left it meanwhile, because of a
   * check of the peer's that crossed ours; the check is only repeated then.
   */
  #leaveRole(claimed: IceRole, pair: Pair): void {
    if (this.role === claimed) {
      this.role = claimed === 'controlling' ? 'controlled' : 'controlling';
      this.#tieBreaker = randomBytes(8).readBigUInt64BE();
    }
    this.#recheck(pair);
  }
}

function samePath(one: Path, other: Path): boolean {
  return one.port === other.port && one.local === other.local && one.address === other.address;
}

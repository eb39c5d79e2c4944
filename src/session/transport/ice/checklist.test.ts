import { beforeEach, describe, expect, it } from 'vitest';
import type { Clock } from '../../../time.ts';
import { Checklist, type Path } from './checklist.ts';
import type { LocalPort } from './ports/local-port.ts';
import type { Remote } from './stun/internet-address.ts';
import { parseStun, type IceRole, type StunMessage } from './stun/stun.ts';
import { writeRoleConflict, writeSuccess } from './stun/write-stun.ts';

const OURS = { ufrag: 'ours', password: 'our password of 22 characters' };
const THEIRS = { ufrag: 'theirs', password: 'their password of 22 characters' };

let now: number;
const clock: Clock = { now: () => now };
let sent: { readonly message: StunMessage; readonly to: Remote }[];
let nominated: Path[];
const local = {
  transport: 'udp',
  ask: (request: Buffer, to: Remote) => sent.push({ message: parseStun(Buffer.from(request))!, to }),
} as unknown as LocalPort;

function path(port: number): Path {
  return { local, address: '192.0.2.1', port };
}

const priorities = (remote: number): { local: number; remote: number; announced: number } => ({
  local: 1000,
  remote,
  announced: 77,
});

function checklist(role: IceRole = 'controlled'): Checklist {
  return new Checklist({ local: OURS, remote: THEIRS, role, clock, onNominated: (chosen) => nominated.push(chosen) });
}

/** Lets time pass as its owner does: it is called when it says. */
function pass(checks: Checklist, duration: number): void {
  const end = now + duration;
  for (let next = checks.tick(); next !== undefined && next <= end; next = checks.tick()) now = Math.max(now, next);
  now = end;
}

/** The peer answers the check that was sent last to this port. */
function answer(checks: Checklist, port: number, from: Path = path(port)): boolean {
  const check = sent.findLast(({ to }) => to.port === port)!;
  const data = writeSuccess(check.message.transaction, { address: '198.51.100.1', port: 9 }, THEIRS.password);
  return checks.take(parseStun(data)!, data, from);
}

const ports = (): number[] => sent.map(({ to }) => to.port);

beforeEach(() => {
  now = 1000;
  sent = [];
  nominated = [];
});

describe('our own checks', () => {
  it('go out 50 ms apart, the best pair first, with what the peer needs to verify them', () => {
    const checks = checklist();
    for (const remote of [1, 2, 3]) checks.add(path(remote), priorities(remote));
    checks.tick();
    expect(ports()).toEqual([3]);
    pass(checks, 49);
    expect(ports()).toEqual([3]);
    pass(checks, 60);
    expect(ports()).toEqual([3, 2, 1]);
    expect(sent[0]?.message).toMatchObject({
      username: 'theirs:ours',
      priority: 77,
      role: 'controlled',
      useCandidate: false,
    });
  });

  it('are repeated ever more slowly, seven times at most', () => {
    const checks = checklist();
    checks.add(path(1), priorities(1));
    pass(checks, 400);
    expect(ports()).toHaveLength(1);
    pass(checks, 60_000);
    expect(ports()).toHaveLength(7);
    expect(checks.tick()).toBeUndefined();
  });

  it('are for the hundred best pairs, whatever the peer names', () => {
    const checks = checklist();
    for (let port = 1; port <= 500; port++) checks.add(path(port), priorities(port));
    pass(checks, 300_000);
    expect(new Set(ports()).size).toBe(100);
    expect(Math.min(...ports())).toBe(401);
  });

  it('answer a check of the peer before all others', () => {
    const checks = checklist();
    for (const remote of [5, 6, 7]) checks.add(path(remote), priorities(remote));
    checks.trigger(path(99), priorities(1), false);
    checks.tick();
    expect(ports()).toEqual([99]);
  });

  it('count only when the answer is authentic and comes back the way that it went', () => {
    const checks = checklist();
    checks.trigger(path(1), priorities(1), true);
    checks.tick();
    const [check] = sent;
    const forged = writeSuccess(check!.message.transaction, path(1), 'another password');
    expect(checks.take(parseStun(forged)!, forged, path(1))).toBe(false);
    expect(answer(checks, 1, path(2))).toBe(true);
    expect(nominated).toEqual([]);
    expect(answer(checks, 1)).toBe(false);
  });
});

describe('nomination by the peer', () => {
  it('takes effect when our own check was answered, or at once if it was before', () => {
    const checks = checklist();
    checks.trigger(path(1), priorities(1), true);
    checks.tick();
    expect(nominated).toEqual([]);
    answer(checks, 1);
    expect(nominated).toEqual([path(1)]);
    checks.trigger(path(2), priorities(2), false);
    pass(checks, 100);
    answer(checks, 2);
    expect(nominated).toHaveLength(1);
    checks.trigger(path(2), priorities(2), true);
    expect(nominated).toEqual([path(1), path(2)]);
  });

  it('counts as it was said last', () => {
    const checks = checklist();
    checks.trigger(path(1), priorities(1), true);
    checks.trigger(path(2), priorities(2), true);
    pass(checks, 200);
    answer(checks, 2);
    answer(checks, 1);
    expect(nominated).toEqual([path(2)]);
  });

  it('ends what is left to check', () => {
    const checks = checklist();
    for (const remote of [1, 2, 3]) checks.add(path(remote), priorities(remote));
    checks.trigger(path(9), priorities(9), true);
    checks.tick();
    answer(checks, 9);
    sent = [];
    pass(checks, 3000);
    expect(ports()).toEqual([]);
  });
});

describe('roles', () => {
  it('make us nominate the first pair that works, where the peer is lite', () => {
    const checks = checklist('controlling');
    checks.add(path(1), priorities(1));
    checks.tick();
    answer(checks, 1);
    expect(nominated).toEqual([]);
    pass(checks, 100);
    expect(sent.at(-1)?.message).toMatchObject({ useCandidate: true, role: 'controlling' });
    answer(checks, 1);
    expect(nominated).toEqual([path(1)]);
  });

  it('that are claimed by both go to the larger tie-breaker (RFC 8445 §7.3.1.1)', () => {
    const claim = (role: IceRole, tieBreaker: bigint): StunMessage => ({
      ...parseStun(writeSuccess(Buffer.alloc(12), path(1), 'x'))!,
      role,
      tieBreaker,
    });
    const [least, most] = [0n, 2n ** 64n - 1n];
    const weak = checklist('controlled');
    expect(weak.yields(claim('controlling', most))).toBe(true);
    expect(weak.yields(claim('controlled', most))).toBe(false);
    expect(weak.role).toBe('controlled');
    expect(weak.yields(claim('controlled', least))).toBe(true);
    expect(weak.role).toBe('controlling');
    const strong = checklist('controlling');
    expect(strong.yields(claim('controlling', least))).toBe(false);
    expect(strong.yields(claim('controlling', most))).toBe(true);
    expect(strong.role).toBe('controlled');
  });

  it('change when the peer says 487, and the check is repeated', () => {
    const checks = checklist('controlled');
    checks.add(path(1), priorities(1));
    checks.tick();
    const refusal = writeRoleConflict(sent[0]!.message.transaction, THEIRS.password);
    checks.take(parseStun(refusal)!, refusal, path(1));
    pass(checks, 100);
    expect(sent.at(-1)?.message.role).toBe('controlling');
    expect(sent.at(-1)?.message.tieBreaker).not.toBe(sent[0]?.message.tieBreaker);
  });

  it('change once where a check of the peer and its 487 both ask for it', () => {
    const checks = checklist('controlled');
    checks.add(path(1), priorities(1));
    checks.tick();
    const crossing = { ...parseStun(writeSuccess(Buffer.alloc(12), path(1), 'x'))!, role: 'controlled' as const };
    expect(checks.yields({ ...crossing, tieBreaker: 0n })).toBe(true);
    checks.trigger(path(1), priorities(1), false);
    const refusal = writeRoleConflict(sent[0]!.message.transaction, THEIRS.password);
    checks.take(parseStun(refusal)!, refusal, path(1));
    pass(checks, 400);
    expect(ports()).toEqual([1, 1]);
    expect(sent.map(({ message }) => message.role)).toEqual(['controlled', 'controlling']);
  });
});

describe('consent', () => {
  it('is asked for every 4–6 s and ends 30 s after the last answer (RFC 7675)', () => {
    const checks = checklist();
    checks.trigger(path(1), priorities(1), true);
    checks.tick();
    answer(checks, 1);
    sent = [];
    for (let second = 0, heard = -1; second < 60 || heard < second - 1; second++) {
      const before = sent.length;
      pass(checks, 1000);
      if (sent.length > before && answer(checks, 1)) heard = second;
    }
    expect(sent.length).toBeGreaterThanOrEqual(9);
    expect(sent.length).toBeLessThanOrEqual(15);
    expect(checks.expired).toBe(false);
    pass(checks, 29_000);
    expect(checks.expired).toBe(false);
    pass(checks, 7000);
    expect(checks.expired).toBe(true);
  });
});

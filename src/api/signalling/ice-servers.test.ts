import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { iceServersSchema } from '../../config/network.ts';
import { iceServersFor } from './ice-servers.ts';

const SECRET = 'a secret of the test';
const TURN = ['turn:turn.example:3478?transport=udp', 'turns:turn.example:5349?transport=tcp'];

describe('the ICE servers of a caller', () => {
  it('are none by default', () => {
    expect(iceServersFor('5b0c', iceServersSchema.parse({}), 0)).toEqual([]);
  });

  it('are STUN servers as they are, and TURN servers with credentials that end', () => {
    const settings = iceServersSchema.parse({
      urls: ['stun:stun.example:3478', ...TURN],
      secret: SECRET,
      lifetimeMinutes: 10,
    });
    const [stun, turn] = iceServersFor('5b0c', settings, 1_700_000_000_999);
    expect(stun).toEqual({ urls: ['stun:stun.example:3478'] });
    expect(turn?.urls).toEqual(TURN);
    expect(turn?.username).toMatch(/^1700000600:[0-9a-f]{16}$/);
    expect(turn?.credential).toBe(
      createHmac('sha1', SECRET)
        .update(turn?.username ?? '')
        .digest('base64'),
    );
  });

  it('tell neither the session nor the secret, and differ from session to session', () => {
    const settings = iceServersSchema.parse({ urls: TURN, secret: SECRET });
    const session = '0123456789abcdef0123456789abcdef';
    const told = JSON.stringify(iceServersFor(session, settings, 0));
    expect(told).not.toContain(SECRET);
    expect(told).not.toContain(session.slice(0, 8));
    expect(told).not.toBe(JSON.stringify(iceServersFor('5b0c', settings, 0)));
  });

  it('are refused without a secret, with a short one, or with other URLs, and the mistakes do not tell it', () => {
    const wrong = [
      { urls: TURN },
      { urls: TURN, secret: 'tooshort' },
      { urls: ['http://turn.example'], secret: SECRET },
      { urls: ['turn:turn.example?transport=sctp'], secret: SECRET },
      { urls: ['turn:user@turn.example'], secret: SECRET },
      { urls: ['stun:'] },
    ];
    for (const settings of wrong) {
      const checked = iceServersSchema.safeParse(settings);
      expect([settings, checked.success]).toEqual([settings, false]);
      expect(JSON.stringify(checked.error?.issues)).not.toContain(settings.secret ?? 'tooshort');
    }
    const right = ['stun:[2001:db8::1]:3478', 'stuns:a.example', 'turn:192.0.2.1', 'turns:a.example:443?transport=tcp'];
    expect(iceServersSchema.safeParse({ urls: right, secret: SECRET }).success).toBe(true);
  });
});

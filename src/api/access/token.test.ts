import { SignJWT } from 'jose';
import { describe, expect, test } from 'vitest';
import { GatewayError } from '../../errors.ts';
import { readToken, signToken } from './token.ts';

const secret = 'a secret of the tests, long enough';
const key = new TextEncoder().encode(secret);

async function refusal(token: string): Promise<string> {
  return readToken(token, secret).then(
    () => 'taken',
    (error: unknown) => (error instanceof GatewayError ? `${error.code}: ${error.message}` : String(error)),
  );
}

describe('a token', () => {
  test('says again what it was signed with', async () => {
    const claims = {
      grants: ['publish', 'control'],
      room: 'stage-1',
      identity: 'mask:gold',
      policies: ['never'],
      maximumSide: 640,
    } as const;
    expect(
      await readToken(
        await signToken({ ...claims, grants: [...claims.grants], policies: ['never'] }, { secret, lifetime: 60 }),
        secret,
      ),
    ).toEqual(claims);
  });

  test('is refused if another key signed it, or none', async () => {
    const foreign = await signToken({ grants: ['publish'] }, { secret: `another ${secret}`, lifetime: 60 });
    const [head, body] = (await signToken({ grants: ['publish'] }, { secret, lifetime: 60 })).split('.');
    const unsigned = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${body}.`;
    for (const token of [foreign, unsigned, `${head}.${body}.`, 'garbage', 'a.b.c', '']) {
      expect(await refusal(token)).toBe(
        'token_invalid: the token must be signed with the secret of this gateway (access.secret)',
      );
    }
  });

  test('is refused once its time is over, before it has begun, and if it has none', async () => {
    const signed = (change: (token: SignJWT) => SignJWT): Promise<string> =>
      change(new SignJWT({ grants: ['view'] }).setProtectedHeader({ alg: 'HS256' })).sign(key);
    expect(await refusal(await signed((token) => token.setExpirationTime('-1s')))).toContain('must not be expired');
    expect(await refusal(await signed((token) => token.setNotBefore('1h').setExpirationTime('2h')))).toContain(
      '[claim:nbf]',
    );
    expect(await refusal(await signed((token) => token))).toContain('[claim:exp]');
  });

  test('is refused with claims out of range, which cannot be signed either', async () => {
    const wrong: Record<string, unknown>[] = [
      {},
      { grants: [] },
      { grants: ['everything'] },
      { grants: ['publish'], room: '../other' },
      { grants: ['publish'], policies: ['sometimes'] },
      { grants: ['publish'], maximumSide: 1e9 },
    ];
    for (const claims of wrong) {
      const token = await new SignJWT(claims).setProtectedHeader({ alg: 'HS256' }).setExpirationTime('1h').sign(key);
      expect(await refusal(token)).toMatch(/^token_invalid: the token must have valid claims/);
      await expect(async () => signToken(claims as never, { secret, lifetime: 60 })).rejects.toThrow(TypeError);
    }
  });

  test('of any bytes is refused and never crashes', async () => {
    const good = await signToken({ grants: ['publish'] }, { secret, lifetime: 60 });
    for (let index = 0; index < 2000; index++) {
      const at = (index * 7919) % good.length;
      const code = 33 + ((index * 104_729) % 94);
      const mutated = good.slice(0, at) + String.fromCharCode(code) + good.slice(at + 1 + (index % 3));
      if (mutated !== good) expect(await refusal(mutated)).toMatch(/^token_invalid|^taken$/);
    }
  });
});

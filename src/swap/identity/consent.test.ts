import { expect, test } from 'vitest';
import { GatewayError } from '../../errors.ts';
import { readConsent } from './consent.ts';

const whole = { subject: ' Ada ', grantedBy: 'Ada', grantedAt: '2026-02-03T04:05:06+01:00' };

test('a whole statement is taken, without blanks around its names', () => {
  expect(readConsent(whole)).toEqual({ ...whole, subject: 'Ada' });
});

test('a date without time is enough', () => {
  expect(readConsent({ ...whole, grantedAt: '2026-02-03' }).grantedAt).toBe('2026-02-03');
});

test.each([
  ['nothing at all', undefined, 'consent'],
  ['nobody is named', { ...whole, subject: '  ' }, 'subject'],
  ['nobody agreed', { ...whole, grantedBy: undefined }, 'grantedBy'],
  ['a name is longer than 200 characters', { ...whole, subject: 'x'.repeat(201) }, 'subject'],
  ['the date is none', { ...whole, grantedAt: 'yesterday' }, 'grantedAt'],
  ['the date is in the future', { ...whole, grantedAt: '2999-01-01' }, 'grantedAt'],
])('a photo is refused when %s', (_, statement, field) => {
  const attempt = (): unknown => readConsent(statement);
  expect(attempt).toThrow(GatewayError);
  expect(attempt).toThrow(expect.objectContaining({ code: 'consent_missing' }));
  expect(attempt).toThrow(field);
});

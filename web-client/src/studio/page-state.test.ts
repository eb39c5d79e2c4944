import { expect, test } from 'vitest';
import type { SessionState } from '../sdk/session-state.ts';
import { nextPageState, type PageEvent, type PageState, type Refusal } from './page-state.ts';

const NOW = 10_000;
const WAIT = 700;
const live: SessionState = { name: 'live' };
const start: PageEvent = { name: 'start', device: 'front' };
const opened: PageEvent = { name: 'opened', call: live };
const lost: PageEvent = { name: 'lost', device: 'front' };
const refused = (refusal: Refusal): PageEvent => ({ name: 'refused', refusal });
const gone = (...present: string[]): PageEvent => refused({ kind: 'gone', present });
const devices = (...ids: string[]): PageEvent => ({ name: 'devices', ids });
const permission = (state: PermissionState): PageEvent => ({ name: 'permission', state });

function after(...events: PageEvent[]): PageState {
  const clock = { now: NOW, wait: () => WAIT };
  return events.reduce<PageState>((state, event) => nextPageState(state, event, clock), { name: 'off' });
}

test('the camera is asked for, then the call says how it is', () => {
  expect(after(start)).toEqual({ name: 'asking', device: 'front', lost: false });
  expect(after(start, opened)).toEqual({ name: 'calling', call: live });
  const checking: SessionState = { name: 'waiting', until: 1, cause: { code: 'gateway_gone', message: '' } };
  expect(after(start, opened, { name: 'call', call: checking })).toEqual({ name: 'calling', call: checking });
});

test('a blocked camera is asked for as soon as the permission allows it', () => {
  const blocked = [start, refused({ kind: 'blocked', by: 'person' })];
  expect(after(...blocked)).toEqual({ name: 'blocked', by: 'person', device: 'front' });
  expect(after(...blocked, permission('denied'), devices('front'), { name: 'back' })).toEqual(after(...blocked));
  const asked = after(start, refused({ kind: 'blocked', by: 'question' }), permission('denied'));
  expect(asked).toMatchObject({ name: 'blocked', by: 'person' });
  expect(after(...blocked, permission('granted'))).toMatchObject({ name: 'asking', device: 'front' });
  expect(after(...blocked, permission('prompt'))).toMatchObject({ name: 'asking', device: 'front' });
  expect(after(...blocked, { name: 'retry' })).toMatchObject({ name: 'asking', device: 'front' });
});

test('what the system blocks tells of no permission, so it is asked for when the person is back', () => {
  const blocked = [start, refused({ kind: 'blocked', by: 'system' })];
  expect(after(...blocked, { name: 'back' })).toMatchObject({ name: 'asking', device: 'front' });
});

test('an unplugged camera is awaited, and opened when it is back', () => {
  const without = [start, opened, lost, gone('rear')];
  expect(after(start, opened, lost)).toEqual({ name: 'asking', device: 'front', lost: true });
  expect(after(...without)).toEqual({ name: 'unplugged', device: 'front', present: ['rear'], lost: true });
  expect(after(...without, devices('rear', 'front'))).toEqual({ name: 'asking', device: 'front', lost: true });
});

test('instead of an unplugged camera another one is taken that is plugged in, but none that was there all along', () => {
  const without = [start, opened, lost, gone('rear')];
  expect(after(...without, devices('rear'))).toMatchObject({ name: 'unplugged', device: 'front' });
  expect(after(...without, devices('rear', 'usb'))).toMatchObject({ name: 'asking', device: 'usb' });
  expect(after(...without, devices(), devices('rear'))).toMatchObject({ name: 'asking', device: 'rear' });
  expect(after(...without, { name: 'start', device: 'rear' })).toMatchObject({ name: 'asking', device: 'rear' });
});

test('a machine without a camera starts with the first that is plugged in, whose id no browser tells yet', () => {
  const none = after({ name: 'start', device: '' }, gone());
  expect(none).toEqual({ name: 'unplugged', device: '', present: [], lost: false });
  expect(after({ name: 'start', device: '' }, gone(), devices(''))).toMatchObject({ name: 'asking', device: '' });
});

test('a camera that another program has is asked for again after a while', () => {
  const busy = [start, refused({ kind: 'busy' })];
  expect(after(...busy)).toEqual({ name: 'busy', device: 'front', until: NOW + WAIT, lost: false });
  expect(after(...busy, { name: 'time-up' })).toMatchObject({ name: 'asking', device: 'front' });
  // So is one that was plugged in again while it was asked for: nothing will tell that it came.
  expect(after(start, opened, lost, gone('front'))).toMatchObject({ name: 'busy', device: 'front', lost: true });
});

test('a call that breaks or comes back meanwhile does not hide that there is no camera', () => {
  const waiting: SessionState = { name: 'waiting', until: 1, cause: { code: 'gateway_gone', message: '' } };
  const without = [start, opened, lost, gone()];
  expect(after(...without, { name: 'call', call: waiting }, { name: 'call', call: live })).toEqual(after(...without));
});

test('what the gateway refuses for good ends it, with or without a camera', () => {
  const cause = { code: 'token_invalid', message: 'expired' };
  const closed: PageEvent = { name: 'call', call: { name: 'closed', cause } };
  expect(after(start, opened, closed)).toEqual({ name: 'ended', cause });
  expect(after(start, opened, lost, gone(), closed)).toEqual({ name: 'ended', cause });
  expect(after(start, opened, closed, devices('usb'), permission('granted'))).toEqual({ name: 'ended', cause });
});

test('nothing comes back by itself after “Stop”', () => {
  const events = [lost, gone(), devices('front'), permission('granted'), { name: 'time-up' }, opened] as const;
  for (const before of [[start], [start, opened], [start, gone()], [start, refused({ kind: 'busy' })]])
    expect(after(...before, { name: 'stop' }, ...events)).toEqual({ name: 'off' });
});

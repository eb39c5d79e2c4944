import { expect, test } from 'vitest';
import { BEAT, Pulse } from './pulse.ts';

/** A pulse whose clocks are moved by hand. */
function pulseOf(): { pulse: Pulse; beat(wall: number, monotonic?: number): string } {
  const now = { wall: 1_700_000_000_000, monotonic: 5000 };
  const pulse = new Pulse(() => ({ ...now }));
  return {
    pulse,
    beat(wall, monotonic = wall) {
      now.wall += wall;
      now.monotonic += monotonic;
      return pulse.beat();
    },
  };
}

test('beats that come in time, or a little late, are steady while the gateway speaks', () => {
  const { pulse, beat } = pulseOf();
  for (let count = 0; count < 100; count++) {
    pulse.heard();
    expect(beat(BEAT + (count % 5) * 500)).toBe('steady');
  }
});

test('sleep shows on the wall clock alone where the monotonic one stands still, and else on both', () => {
  expect(pulseOf().beat(3_600_000, BEAT)).toBe('woke');
  expect(pulseOf().beat(3_600_000)).toBe('woke');
  expect(pulseOf().beat(BEAT, 30_000)).toBe('woke');
});

test('a wall clock that is set back is no sleep', () => {
  expect(pulseOf().beat(-3_600_000, BEAT)).toBe('steady');
});

test('five beats without a word are silence, and then it is counted anew', () => {
  const { pulse, beat } = pulseOf();
  const beats = (count: number): string[] => Array.from({ length: count }, () => beat(BEAT));
  expect(beats(5)).toEqual(['steady', 'steady', 'steady', 'steady', 'silent']);
  expect(beats(4)).not.toContain('silent');
  pulse.heard();
  expect(beats(4)).not.toContain('silent');
  expect(beats(1)).toEqual(['silent']);
});

test('a tab whose timers come once a minute takes no gateway for silent', () => {
  const { beat } = pulseOf();
  for (let minute = 0; minute < 30; minute++) expect(beat(60_000)).toBe('woke');
});

import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Course } from './course.ts';

type State = { readonly name: 'idle' } | { readonly name: 'busy'; readonly until: number };

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

function course(): { course: Course<State, 'work' | 'rest'>; entered: string[] } {
  const entered: string[] = [];
  const next = (state: State, event: 'work' | 'rest'): State => {
    if (event === 'work') return { name: 'busy', until: performance.now() + 1000 };
    return state.name === 'idle' ? state : { name: 'idle' };
  };
  const enter = ({ name }: State): void => void entered.push(name);
  return { course: new Course<State, 'work' | 'rest'>({ name: 'idle' }, { next, timeUp: 'rest', enter }), entered };
}

test('a state with an end is left when its time is up, and its time begins anew when it is entered anew', () => {
  const { course: walk, entered } = course();
  walk.take('work');
  vi.advanceTimersByTime(900);
  walk.take('work');
  vi.advanceTimersByTime(900);
  expect(walk.state.name).toBe('busy');
  vi.advanceTimersByTime(100);
  expect(entered).toEqual(['busy', 'busy', 'idle']);
});

test('an event that changes nothing enters nothing, and a state that was left early has no time any more', () => {
  const { course: walk, entered } = course();
  walk.take('rest');
  walk.take('work');
  walk.take('rest');
  vi.advanceTimersByTime(5000);
  expect(entered).toEqual(['busy', 'idle']);
});

import { describe, expect, test } from 'vitest';
import { SideView } from './side-view.ts';

describe('SideView', () => {
  test('counts a head as seen from the side once either detector sees its eyes close together', () => {
    const far = new SideView();
    far.see({ near: 0.36, far: 0.15 });
    const near = new SideView();
    near.see({ near: 0.25, far: undefined });
    expect([far.fromSide, near.fromSide]).toEqual([true, true]);
  });

  test('does not let a head out of it that the far detector no longer sees, until the near one sees it from the front', () => {
    const view = new SideView();
    view.see({ near: 0.34, far: 0.13 });
    view.see({ near: 0.38, far: undefined });
    view.see({ near: 0.4, far: 0.23 });
    expect(view.fromSide).toBe(true);
    view.see({ near: 0.43, far: undefined });
    expect(view.fromSide).toBe(false);
  });

  test('leaves a face from the front alone, near or far', () => {
    const view = new SideView();
    for (const spans of [
      { near: 0.44, far: 0.38 },
      { near: 0.4, far: 0.27 },
      { near: 0.44, far: undefined },
      { near: undefined, far: 0.36 },
    ]) {
      view.see(spans);
      expect(view.fromSide).toBe(false);
    }
  });
});

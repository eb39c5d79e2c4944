import { describe, expect, it } from 'vitest';
import { KeyframeWish } from './keyframe-wish.ts';

describe('wishes for keyframes', () => {
  it('are passed on at once, then each 300 ms at most, and none is lost', () => {
    const wish = new KeyframeWish();
    wish.want(1000);
    expect(wish.due(1000)).toBe(true);
    wish.want(1100);
    expect(wish.due(1100)).toBe(false);
    expect(wish.nextAt).toBe(1300);
    expect(wish.due(1300)).toBe(true);
    expect(wish.nextAt).toBe(Infinity);
  });

  it('wait for a longer round trip', () => {
    const wish = new KeyframeWish();
    wish.roundTrip = 450;
    wish.want(0);
    expect(wish.due(0)).toBe(true);
    wish.want(320);
    expect(wish.due(449)).toBe(false);
    expect(wish.due(450)).toBe(true);
  });

  it('are served by a keyframe that the peer could not have seen when it asked', () => {
    const wish = new KeyframeWish();
    wish.roundTrip = 100;
    wish.want(0);
    expect(wish.due(0)).toBe(true);
    wish.onKeyframe(300);
    wish.want(399);
    expect(wish.due(10_000)).toBe(false);
    wish.want(400);
    expect(wish.due(400)).toBe(true);
  });

  it('come first after an interruption, whatever was sent into it', () => {
    const wish = new KeyframeWish();
    wish.roundTrip = 100;
    wish.want(0);
    expect(wish.due(0)).toBe(true);
    wish.onKeyframe(30);
    wish.wantAnew();
    expect(wish.due(40)).toBe(true);
  });
});

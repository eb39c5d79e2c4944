import { describe, expect, it } from 'vitest';
import { KeyframeRequests } from './keyframe-requests.ts';

describe('KeyframeRequests', () => {
  it('waits 300 ms at a start with a keyframe, none at a start without', () => {
    const requests = new KeyframeRequests();
    requests.onStart(100, true);
    expect([399, 400].map((now) => requests.due(now))).toEqual([false, true]);
    requests.onStart(1000, false);
    expect(requests.due(1000)).toBe(true);
  });

  it('asks at most each 500 ms, until a keyframe comes', () => {
    const requests = new KeyframeRequests();
    requests.want(0);
    const asked: number[] = [];
    for (let now = 0; now < 1800; now += 10) {
      requests.onPacket();
      requests.want(now);
      if (requests.due(now)) asked.push(now);
      if (now === 1300) requests.onKeyframe();
      if (now > 1300) break;
    }
    expect(asked).toEqual([0, 500, 1000]);
    requests.onKeyframe();
    expect(requests.nextAt).toBe(Infinity);
  });

  it('gives a keyframe that has begun time to be whole', () => {
    const requests = new KeyframeRequests();
    requests.onKeyframeBegun(0);
    expect(requests.nextAt).toBe(Infinity);
    requests.want(0);
    expect(requests.due(0)).toBe(true);
    requests.onPacket();
    requests.onKeyframeBegun(300);
    expect(requests.nextAt).toBe(800);
  });

  it('asks a silent source only each 2 s', () => {
    const requests = new KeyframeRequests();
    requests.want(0);
    const asked: number[] = [];
    for (let now = 0; now <= 4000; now += 100) if (requests.due(now)) asked.push(now);
    expect(asked).toEqual([0, 2000, 4000]);
  });
});

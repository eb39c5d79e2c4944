import { describe, expect, it } from 'vitest';
import { Hearing } from './hearing.ts';

/** A report with one block for each source, behind an empty receiver report. */
function report(type: 200 | 201, blocks: readonly [source: number, highest: number][]): Buffer {
  const head = Buffer.alloc(type === 200 ? 28 : 8);
  const body = blocks.map(([source, highest]) => {
    const block = Buffer.alloc(24);
    block.writeUInt32BE(source, 0);
    block.writeUInt32BE(highest, 8);
    return block;
  });
  const packet = Buffer.concat([head, ...body]);
  packet.set([0x80 | blocks.length, type]);
  packet.writeUInt16BE(packet.length / 4 - 1, 2);
  return Buffer.concat([Buffer.from('80c9000100000001', 'hex'), packet]);
}

describe('hearing', () => {
  it.each([200, 201] as const)('knows of a deaf peer by reports (%i) that tell of nothing new', (type) => {
    const hearing = new Hearing();
    hearing.onSent(0);
    hearing.onRtcp(report(type, [[1, 10]]));
    hearing.onSent(100);
    for (let now = 200; now <= 9000; now += 200) {
      hearing.onSent(now);
      hearing.onRtcp(report(type, [[1, 10]]));
    }
    expect(hearing.deafFor(9000)).toBe(8900);
    hearing.onRtcp(report(type, [[1, 11]]));
    expect(hearing.deafFor(9000)).toBe(0);
  });

  it('takes any source for a sign', () => {
    const hearing = new Hearing();
    hearing.onRtcp(
      report(201, [
        [1, 10],
        [2, 5],
      ]),
    );
    hearing.onSent(100);
    hearing.onRtcp(
      report(201, [
        [1, 10],
        [2, 6],
      ]),
    );
    expect(hearing.deafFor(5000)).toBe(0);
  });

  it('suspects nobody to whom nothing is sent, or who makes no reports', () => {
    const quiet = new Hearing();
    quiet.onRtcp(report(201, [[1, 10]]));
    expect(quiet.deafFor(60_000)).toBe(0);
    const mute = new Hearing();
    mute.onSent(0);
    mute.onRtcp(report(201, []));
    expect(mute.deafFor(60_000)).toBe(0);
  });

  it('is not misled by packets that are cut off or tell of many sources', () => {
    const hearing = new Hearing();
    const whole = report(200, [[1, 10]]);
    for (let length = 0; length < whole.length; length++) hearing.onRtcp(whole.subarray(0, length));
    hearing.onSent(0);
    expect(hearing.deafFor(1000)).toBe(0);
    for (let source = 0; source < 100; source++) hearing.onRtcp(report(201, [[source, 1]]));
    hearing.onSent(2000);
    for (let source = 50; source < 100; source++) hearing.onRtcp(report(201, [[source, 2]]));
    expect(hearing.deafFor(3000)).toBe(1000);
  });
});

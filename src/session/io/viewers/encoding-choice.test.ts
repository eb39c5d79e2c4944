import { describe, expect, it } from 'vitest';
import { EncodingChoice } from './encoding-choice.ts';
import { SmallDemand } from './small-demand.ts';

describe('EncodingChoice', () => {
  /** Follows the same way for so long. @returns how often it changed its mind */
  function live(choice: EncodingChoice, estimate: number, from: number, to: number): number {
    let changes = 0;
    for (let now = from; now < to; now += 33) if (choice.follow({ estimate, rate: 2_000_000 }, now)) changes++;
    return changes;
  }

  it('stays with the main encoding where the way carries it, and while an estimate is only beginning', () => {
    const choice = new EncodingChoice();
    expect(live(choice, 1_500_000, 0, 1400)).toBe(0);
    expect(live(choice, 2_500_000, 1400, 20_000)).toBe(0);
    expect(choice.wanted).toBe('main');
  });

  it('changes over with a keyframe of the other encoding, and gets what it had until then', () => {
    const choice = new EncodingChoice();
    expect(live(choice, 1_000_000, 0, 5000)).toBe(1);
    expect([choice.wanted, choice.shown]).toEqual(['small', 'main']);
    expect([choice.admit('small', false), choice.admit('main', false), choice.admit('main', true)]).toEqual([
      false,
      true,
      true,
    ]);
    expect(choice.admit('small', true)).toBe(true);
    expect([choice.shown, choice.admit('main', true), choice.admit('small', false)]).toEqual(['small', false, true]);
  });

  it('goes back only after four seconds with a fifth to spare', () => {
    const choice = new EncodingChoice();
    live(choice, 1_000_000, 0, 5000);
    choice.admit('small', true);
    expect(live(choice, 2_600_000, 5000, 20_000)).toBe(0);
    expect(live(choice, 3_200_000, 20_000, 23_900)).toBe(0);
    expect(live(choice, 2_600_000, 23_900, 24_000)).toBe(0);
    expect(live(choice, 3_200_000, 24_000, 28_200)).toBe(1);
    expect(choice.admit('main', true)).toBe(true);
    expect(choice.shown).toBe('main');
  });
});

describe('SmallDemand', () => {
  it('gives what suits the slowest, within bounds, and ends with the last', () => {
    const told: (number | null)[] = [];
    const demand = new SmallDemand<string>(2_000_000, (bitsPerSecond) => told.push(bitsPerSecond));
    demand.need('one', 5_000_000);
    demand.need('two', 500_000);
    demand.need('two', 510_000);
    demand.need('three', 10_000);
    demand.leave('three');
    demand.leave('nobody');
    demand.leave('one');
    demand.leave('two');
    demand.leave('two');
    expect(told).toEqual([700_000, 425_000, 200_000, 433_500, null]);
  });
});

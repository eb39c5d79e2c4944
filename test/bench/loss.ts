import { playLossyCall, seen, type Seen } from '../support/lossy-call.ts';

/** What is simulated: 60 s of 30 frames/s at 2 Mbit/s for each pair, loss at random and independent both ways. */
const LOSSES = [0, 2, 5, 10, 20];
const ROUND_TRIPS = [20, 100, 200];
const FRAMES = 1800;

/** Our two ends against each other over lossy links, on a virtual clock: `loss=10 % roundTrip=100 ms` → what is seen. */
export function benchLoss(seed: number): Record<string, Seen> {
  const figures: Record<string, Seen> = {};
  for (const loss of LOSSES) {
    for (const roundTrip of ROUND_TRIPS) {
      const outcome = playLossyCall({ seed, impairment: { loss, delay: roundTrip / 2, jitter: 5 }, frames: FRAMES });
      figures[`loss=${loss} roundTrip=${roundTrip}`] = rounded(seen(outcome, FRAMES));
    }
  }
  return figures;
}

function rounded(figures: Seen): Seen {
  const entries = Object.entries(figures).map(([name, value]) => [name, Math.round(Number(value) * 1000) / 1000]);
  return Object.fromEntries(entries) as Seen;
}

/** The GPU with least load of those that work; of all, if none does. What a lane asks for is taken by what recipes were learned to cost. */
export function leastLoaded(gpus: readonly { readonly load: number; readonly works: boolean }[]): number {
  let best = 0;
  for (let gpu = 1; gpu < gpus.length; gpu++) {
    const [one, other] = [gpus[gpu]!, gpus[best]!];
    if (one.works === other.works ? one.load < other.load : one.works) best = gpu;
  }
  return best;
}

/**
 * The layers of a simulcast offer, RFC 8853 §5.1 and RFC 8851 §10:
 * a=rid:hi send pt=96;max-width=1280;max-height=720
 * a=simulcast:send hi;~mid,alt;lo
 * `;` parts layers, `,` alternatives of one; `~` marks one that is paused.
 */

/** One layer that the peer offers to send. */
export interface OfferedLayer {
  readonly rid: string;
  /** Longest side it promises not to exceed, pixels; `undefined` if it does not say. */
  readonly longestSide: number | undefined;
}

/** RFC 8852 §3.2: letters and digits, at most 255; browsers take up to 16, which a one-byte extension holds. */
const RID = /^[A-Za-z0-9]{1,16}$/;

/**
 * What the peer would send at once: of each layer its first alternative that is not paused and has an `a=rid` line.
 * @param simulcast value of the `a=simulcast` line @param rids values of the `a=rid` lines
 */
export function parseLayers(simulcast: string | undefined, rids: readonly string[]): OfferedLayer[] {
  const described = new Map(rids.flatMap(parseRid));
  const words = simulcast?.split(' ') ?? [];
  const send = words[words.indexOf('send') + 1];
  if (!words.includes('send') || send === undefined) return [];
  return send.split(';').flatMap((alternatives) => {
    const rid = alternatives.split(',').find((name) => described.has(name));
    return rid === undefined ? [] : [{ rid, longestSide: described.get(rid) }];
  });
}

/** The one layer to ask for: the largest that keeps to `maximumSide` if they tell their sizes, else the first. */
export function chooseLayer(layers: readonly OfferedLayer[], maximumSide: number): OfferedLayer | undefined {
  const fitting = layers.filter(({ longestSide }) => longestSide !== undefined && longestSide <= maximumSide);
  if (fitting.length > 0) return fitting.reduce((best, one) => (sideOf(one) > sideOf(best) ? one : best));
  const untold = layers.find(({ longestSide }) => longestSide === undefined);
  return untold ?? layers.reduce<OfferedLayer | undefined>((best, one) => smaller(best, one), undefined);
}

function smaller(best: OfferedLayer | undefined, one: OfferedLayer): OfferedLayer {
  return best === undefined || sideOf(one) < sideOf(best) ? one : best;
}

function sideOf({ longestSide }: OfferedLayer): number {
  return longestSide ?? 0;
}

/** Name and longest side of an `a=rid` line that sends. */
function parseRid(value: string): [string, number | undefined][] {
  const [rid = '', direction, limits = ''] = value.split(' ');
  if (!RID.test(rid) || direction !== 'send') return [];
  const limit = (name: string) => Number(new RegExp(`(?:^|;)${name}=(\\d{1,5})(?:;|$)`).exec(limits)?.[1] ?? NaN);
  const side = Math.max(limit('max-width'), limit('max-height'));
  return [[rid, Number.isNaN(side) ? undefined : side]];
}

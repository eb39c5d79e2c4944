/**
 * Convex hull of a face's points, as an outline x0, y0, x1, y1 … (Andrew's monotone chain).
 * @param landmarks (x, y, z) each; the first 468 count
 */
export function hullOf(landmarks: Float32Array): number[] {
  const points = Array.from({ length: 468 }, (_, i) => [landmarks[i * 3]!, landmarks[i * 3 + 1]!] as const);
  points.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  const half = (ordered: readonly (readonly [number, number])[]) => {
    const chain: (readonly [number, number])[] = [];
    for (const point of ordered) {
      while (chain.length > 1 && turn(chain.at(-2)!, chain.at(-1)!, point) <= 0) chain.pop();
      chain.push(point);
    }
    return chain.slice(0, -1);
  };
  return [...half(points), ...half(points.toReversed())].flat();
}

type Point = readonly [number, number];

function turn(a: Point, b: Point, c: Point): number {
  return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]);
}

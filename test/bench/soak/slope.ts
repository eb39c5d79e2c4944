/** Least-squares slope of values one step apart. */
export function slope(values: readonly number[]): number {
  const middle = (values.length - 1) / 2;
  let [up, down] = [0, 0];
  values.forEach((value, index) => {
    up += (index - middle) * value;
    down += (index - middle) ** 2;
  });
  return down === 0 ? 0 : up / down;
}

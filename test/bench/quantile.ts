/** The value below which `share` (0–1) of the values lie; NaN of none. Does not change `values`. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
}

/** Arithmetic mean; NaN of none. */
export function mean(values: readonly number[]): number {
  return values.length === 0 ? NaN : values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** The sum of what the values give. */
export function sum<T>(values: readonly T[], of: (value: T) => number): number {
  return values.reduce((total, value) => total + of(value), 0);
}

/** Rounded for people and JSON. */
export function round(value: number, digits = 2): number {
  return Number(value.toFixed(digits));
}

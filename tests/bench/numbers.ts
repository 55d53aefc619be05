/** The little statistics that benchmarks need. */

/** The middle value. @throws TypeError when there is none. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted[Math.floor(sorted.length / 2)];
  if (middle === undefined) throw new TypeError("Cannot find the middle of no values");
  return middle;
}

/** The least and the most, in words: a wide spread says that the machine was busy with something else. */
export function spread(values: readonly number[], unit: string): string {
  const digits = Math.max(...values) < 10 ? 2 : 0;
  return `${Math.min(...values).toFixed(digits)} to ${Math.max(...values).toFixed(digits)} ${unit}`.trimEnd();
}

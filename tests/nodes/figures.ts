/** Figures of a run, one line each, for people who compare runs. */

/** Tells durations in seconds. */
export function tell(what: string, seconds: Readonly<Record<string, number>>): void {
  const words = Object.entries(seconds).map(([name, value]) => `${name} ${value.toFixed(1)} s`);
  console.log(`  ${what}: ${words.join(", ")}`);
}

/** Tells what became of what was written. */
export function tellRows(acknowledged: number, lost: number): void {
  console.log(`  rows: ${acknowledged} acknowledged, ${lost} of them lost`);
}

/** Seconds since then, by `performance.now()`. */
export function secondsSince(start: number): number {
  return (performance.now() - start) / 1000;
}

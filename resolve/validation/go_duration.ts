/** Durations as Go writes them, which the fields of the gateway take. */

const unitSeconds: Readonly<Record<string, number>> = {
  ns: 1e-9,
  us: 1e-6,
  "\u00b5s": 1e-6,
  "\u03bcs": 1e-6,
  ms: 1e-3,
  s: 1,
  m: 60,
  h: 3600,
};

/** Seconds of `10s`, `1m30s` or `-1.5h`; undefined for what is no such duration. */
export function durationSeconds(text: string): number | undefined {
  const whole = /^([+-]?)((?:[0-9]+(?:\.[0-9]+)?(?:ns|us|\u00b5s|\u03bcs|ms|s|m|h))+)$/.exec(text);
  if (whole === null) return undefined;
  const parts = [...(whole[2] ?? "").matchAll(/([0-9.]+)([^0-9.]+)/g)];
  const seconds = parts.reduce(
    (sum, [, amount, unit]) => sum + Number(amount) * (unitSeconds[unit ?? ""] ?? 0),
    0,
  );
  return whole[1] === "-" ? -seconds : seconds;
}

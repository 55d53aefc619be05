/** Times and sizes in words. */

const UNITS = [["d", 86_400], ["h", 3_600], ["m", 60], ["s", 1]] as const;

/** A length of time by its largest unit, and the next one where the first is small: `45s`, `1m30s`, `12m`, `3h20m`. */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const at = UNITS.findIndex(([, size]) => whole >= size);
  const [unit, size] = UNITS[at] ?? ["s", 1];
  const count = Math.floor(whole / size);
  const next = UNITS[at + 1];
  const rest = next === undefined ? 0 : Math.floor((whole % size) / next[1]);
  return count < 10 && next !== undefined && rest > 0
    ? `${count}${unit}${rest}${next[0]}`
    : `${count}${unit}`;
}

/** Since when, as a length of time; `unknown` for what is no time. */
export function age(time: string | null, now: Date): string {
  const at = Date.parse(time ?? "");
  return Number.isNaN(at) ? "unknown" : duration((now.getTime() - at) / 1_000);
}

/** `in 5d`, `3h ago`, `unknown`. */
export function relative(time: string | null, now: Date): string {
  const at = Date.parse(time ?? "");
  if (Number.isNaN(at)) return "unknown";
  const seconds = (at - now.getTime()) / 1_000;
  return seconds > 0 ? `in ${duration(seconds)}` : `${duration(-seconds)} ago`;
}

const SIZES = ["B", "KiB", "MiB", "GiB", "TiB"] as const;

/** Bytes in binary units with one decimal: `0 B`, `1.5 MiB`. */
export function bytes(count: number): string {
  const power = Math.min(SIZES.length - 1, count < 1 ? 0 : Math.floor(Math.log2(count) / 10));
  const value = count / 2 ** (10 * power);
  return `${power === 0 ? value : value.toFixed(1)} ${SIZES[power]}`;
}

/** Numbers with units, by the rules of the server's own reader (`parse_int` and `parse_real` in `guc.c`). */
import type { BaseUnit } from "./catalogue/rows.ts";

/** How many bytes a unit of memory, and how many milliseconds a unit of time has. */
const memory: Readonly<Record<string, number>> = {
  B: 1,
  kB: 1024,
  "8kB": 8192,
  MB: 1024 ** 2,
  GB: 1024 ** 3,
  TB: 1024 ** 4,
};
const time: Readonly<Record<string, number>> = {
  us: 0.001,
  ms: 1,
  s: 1000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

const blank = "[ \\t\\n\\v\\f\\r]*";
const decimal = "[0-9]+(?:\\.[0-9]*)?(?:[eE][-+]?[0-9]+)?|\\.[0-9]+(?:[eE][-+]?[0-9]+)?";
const numberWithUnit = new RegExp(
  `^${blank}([-+]?(?:0[xX][0-9a-fA-F]+|${decimal}))${blank}([A-Za-z]*)${blank}$`,
);

/** The units that may stand behind a number of this base unit, for messages; none when it takes no unit. */
export function unitsOf(base: BaseUnit): string[] {
  if (base === "") return [];
  return Object.keys(base in memory ? memory : time).filter((unit) => unit !== "8kB");
}

/**
 * Reads a value as a multiple of the base unit.
 * @param type whether the server rounds to whole numbers, halves to even ones
 * @returns undefined when the server would not take it for a number
 */
export function parseNumber(text: string, base: BaseUnit, type: "integer" | "real"): number | undefined {
  const [, digits = "", unit = ""] = numberWithUnit.exec(text) ?? [];
  if (digits === "") return undefined;
  const number = numberOf(digits, type);
  const factor = unit === "" ? 1 : factorOf(unit, base);
  if (number === undefined || factor === undefined) return undefined;
  return type === "integer" ? roundHalfEven(number * factor) : number * factor;
}

/** Whole numbers follow C: `0x` is hexadecimal, and a leading zero makes an octal number. */
function numberOf(digits: string, type: "integer" | "real"): number | undefined {
  const sign = digits.startsWith("-") ? -1 : 1;
  const plain = digits.replace(/^[-+]/, "");
  if (type === "real" || !/^0[0-9]+$/.test(plain)) return sign * Number(plain);
  return /^[0-7]+$/.test(plain) ? sign * parseInt(plain, 8) : undefined;
}

function factorOf(unit: string, base: BaseUnit): number | undefined {
  if (base === "" || unit === "8kB") return undefined;
  const units = base in memory ? memory : time;
  const [own, of] = [units[unit], units[base]];
  return own === undefined || of === undefined ? undefined : own / of;
}

function roundHalfEven(number: number): number {
  const rounded = Math.round(number);
  return rounded - number === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
}

/**
 * A size as the server takes it: in the largest of GB, MB and kB that leaves no remainder. What is below 1 kB is dropped.
 * @param bytes at least 1024
 */
export function sizeText(bytes: number): string {
  const kilobytes = Math.floor(bytes / 1024);
  if (kilobytes % 1024 ** 2 === 0) return `${kilobytes / 1024 ** 2}GB`;
  return kilobytes % 1024 === 0 ? `${kilobytes / 1024}MB` : `${kilobytes}kB`;
}

/** Whether the server would take a value for a setting. */
import type { Setting } from "./catalogue/catalogue.ts";
import { parseNumber, unitsOf } from "./number.ts";

/** What the server takes for true and false, down to the shortest beginning that is still clear. */
const booleans = /^(t(r(ue?)?)?|f(a(l(se?)?)?)?|y(es?)?|no?|on|off?|1|0)$/i;

/** Whole numbers are kept in 32 bits, whatever the range of the setting says. */
const MAX_INTEGER = 2 ** 31 - 1;

type NumberSetting = Extract<Setting, { type: "integer" | "real" }>;

/**
 * What the server would object to, as the end of "… is wrong as …", with what is allowed; undefined when it would take the
 * value. Texts are not looked into: many are checked against the machine, such as locales.
 */
export function objectionTo(setting: Setting, value: string): string | undefined {
  switch (setting.type) {
    case "bool":
      return booleans.test(value) ? undefined : "it is neither on nor off";
    case "enum":
      return isOneOf(value, [...setting.values, ...setting.unlisted])
        ? undefined
        : `it is none of ${setting.values.map((allowed) => allowed === "" ? "''" : allowed).join(", ")}`;
    case "integer":
    case "real":
      return numberObjection(setting, value);
    case "string":
      return undefined;
  }
}

/** Letters of ASCII match in either case. */
function isOneOf(value: string, allowed: readonly string[]): boolean {
  return allowed.some((each) => each.toLowerCase() === value.toLowerCase());
}

function numberObjection(setting: NumberSetting, value: string): string | undefined {
  const number = parseNumber(value, setting.unit, setting.type);
  if (number === undefined) return `it is no ${describeKind(setting)}`;
  const tooLong = setting.type === "integer" && (number > MAX_INTEGER || number < -MAX_INTEGER - 1);
  if (!tooLong && number >= setting.min && number <= setting.max) return undefined;
  return `it is not between ${describeBound(setting, setting.min)} and ${
    describeBound(setting, setting.max)
  }`;
}

function describeKind(setting: NumberSetting): string {
  const kind = setting.type === "integer" ? "whole number" : "number";
  const units = unitsOf(setting.unit);
  if (units.length === 0) return `${kind} without a unit`;
  return `${kind} with one of the units ${units.join(", ")}, upper and lower case as here`;
}

function describeBound({ unit }: NumberSetting, bound: number): string {
  // Blocks are no unit that could be written.
  return unit === "8kB" ? `${bound * 8}kB` : `${bound}${bound <= 0 ? "" : unit}`;
}

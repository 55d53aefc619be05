/** Checks what a user set, before a server sees it: a server that does not start helps nobody. */
import { formatPath } from "../api/schema/problems.ts";
import type { Catalogue } from "./catalogue/catalogue.ts";
import { ownershipOf } from "./owned.ts";
import type { SettingProblem, Severity } from "./problem.ts";
import { canonicalName, isExtensionName, isWritableName } from "./setting_name.ts";
import { parseSettings, type Settings, settingsOf } from "./settings_file.ts";
import { objectionTo } from "./value.ts";

/**
 * Checks a map such as `postgresConfig`; problems are in the order of the names.
 * @param path where the map stands, such as `["spec", "postgresConfig"]`
 */
export function validateSettings(
  settings: Readonly<Record<string, string>>,
  path: readonly PropertyKey[],
  catalogue: Catalogue,
): SettingProblem[] {
  const names = Object.keys(settings).sort();
  const firsts = new Map<string, string>();
  return names.flatMap((name) => {
    const where = formatPath([...path, name]);
    const canonical = canonicalName(catalogue.find(name)?.name ?? name);
    const twin = firsts.get(canonical);
    if (twin === undefined) firsts.set(canonical, name);
    return [
      ...(twin === undefined
        ? []
        : [problem("error", where, `Cannot set ${name} as ${twin} is the same setting; keep one`)]),
      ...validateSetting(name, settings[name] ?? "", where, catalogue),
    ];
  });
}

/** A file as text, read and checked. Settings of a file with errors are not to be used. */
export interface CheckedText {
  /** Empty when the text cannot be read. */
  readonly settings: Settings;
  readonly problems: readonly SettingProblem[];
}

/**
 * Reads and checks lines of `postgresql.conf`.
 * @param where what holds the text, such as `key postgresql.conf of ConfigMap tuning`
 */
export function validateText(text: string, where: string, catalogue: Catalogue): CheckedText {
  const parsed = parseSettings(text);
  if (!parsed.ok) {
    const problems = parsed.problems.map(({ line, message }) => {
      const path = `${where}, line ${line}`;
      return problem("error", path, `Cannot read ${path} as ${message}`);
    });
    return { settings: new Map(), problems };
  }
  const problems = parsed.entries.flatMap(({ name, value, line }) =>
    validateSetting(name, value, `${where}, line ${line}`, catalogue)
  );
  return { settings: settingsOf(parsed.entries), problems };
}

/**
 * | name                             | verdict                                                |
 * | -------------------------------- | ------------------------------------------------------ |
 * | has an owner: see `owned.ts`     | error, or warning where the value has no effect        |
 * | in the catalogue                 | its value is checked; nobody can set `internal` ones   |
 * | with a dot                       | fine with any value: no server knows all extensions    |
 * | anything else                    | error: the server does not start with an unknown name  |
 */
function validateSetting(
  written: string,
  value: string,
  where: string,
  catalogue: Catalogue,
): SettingProblem[] {
  const name = canonicalName(written);
  const ownership = ownershipOf(name);
  if (ownership !== undefined && ownership.harmless?.test(value) !== true) {
    const message = `Cannot set ${name} to ${show(value)} as ${ownership.reason}. ${ownership.remedy}`;
    return [problem(ownership.severity, where, message)];
  }
  const reason = nameObjection(name, catalogue) ?? valueObjection(name, value, catalogue);
  return reason === undefined ? [] : [problem("error", where, reason)];
}

function nameObjection(name: string, catalogue: Catalogue): string | undefined {
  if (!isWritableName(name)) {
    return `Cannot set ${show(name)} as a name is one word, or two with a dot between them. Correct it`;
  }
  const setting = catalogue.find(name);
  if (setting?.context === "internal") {
    return `Cannot set ${name} as the server only tells it and nobody can set it. Remove it`;
  }
  if (setting !== undefined || isExtensionName(name)) return undefined;
  const near = nearest(name, catalogue);
  return `Cannot set ${name} as PostgreSQL ${catalogue.major} has no such setting and would not start. ` +
    (near === undefined ? "Correct it or remove it" : `Did you mean ${near}?`);
}

function valueObjection(name: string, value: string, catalogue: Catalogue): string | undefined {
  if (value.includes("\0")) return `Cannot set ${name} as its value has a character of code 0. Remove that`;
  const setting = catalogue.find(name);
  const objection = setting === undefined ? undefined : objectionTo(setting, value);
  return objection === undefined ? undefined : `Cannot set ${name} to ${show(value)} as ${objection}`;
}

/** A setting whose name differs in at most two letters, as a hint. */
function nearest(name: string, catalogue: Catalogue): string | undefined {
  let best: { readonly name: string; readonly distance: number } | undefined;
  for (const setting of catalogue.all()) {
    const distance = editDistance(name, canonicalName(setting.name));
    if (distance <= 2 && distance < (best?.distance ?? Infinity)) best = { name: setting.name, distance };
  }
  return best?.name;
}

/** Letters to add, remove or replace on the way from one word to another (Levenshtein). */
function editDistance(from: string, to: string): number {
  if (Math.abs(from.length - to.length) > 2) return Infinity;
  let above = Array.from({ length: to.length + 1 }, (_, at) => at);
  for (let row = 1; row <= from.length; row++) {
    const current = [row];
    for (let at = 1; at <= to.length; at++) {
      const replaced = (above[at - 1] ?? 0) + (from[row - 1] === to[at - 1] ? 0 : 1);
      current.push(Math.min(replaced, (above[at] ?? 0) + 1, (current[at - 1] ?? 0) + 1));
    }
    above = current;
  }
  return above[to.length] ?? 0;
}

function problem(severity: Severity, path: string, message: string): SettingProblem {
  return { severity, path, message };
}

function show(value: string): string {
  return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value);
}

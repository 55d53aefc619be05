/** What each major version of PostgreSQL knows of its own settings. */
import { canonicalName } from "../setting_name.ts";
import type { BaseUnit, Row, SettingContext, Table } from "./rows.ts";

/** The major versions that are known, oldest first. */
export const majors = ["15", "16", "17", "18"] as const;

export type Major = (typeof majors)[number];

/** The version that the data plane of Multigres is made for; nothing in its clusters names one. */
export const multigresMajor: Major = "17";

interface Named {
  /** As the server writes it: a few have capitals. */
  readonly name: string;
  readonly context: SettingContext;
}

/** One built-in setting. */
export type Setting =
  & Named
  & (
    | { readonly type: "bool" | "string" }
    | {
      readonly type: "integer" | "real";
      readonly unit: BaseUnit;
      /** Inclusive, in the base unit. */
      readonly min: number;
      readonly max: number;
    }
    | {
      readonly type: "enum";
      readonly values: readonly string[];
      /** Spellings that the server takes too, but does not tell of. */
      readonly unlisted: readonly string[];
    }
  );

/** The built-in settings of one major version; those of extensions are not among them. */
export interface Catalogue {
  readonly major: Major;
  readonly size: number;
  /** The setting of that name, in whichever case, or under an older name. */
  find(name: string): Setting | undefined;
  all(): IterableIterator<Setting>;
}

export function isMajor(text: string): text is Major {
  return majors.some((major) => major === text);
}

const loaded = new Map<Major, Promise<Catalogue>>();

/** The catalogue of a version. Loaded when first asked for, as each costs memory, and then kept. */
export function loadCatalogue(major: Major): Promise<Catalogue> {
  const known = loaded.get(major);
  if (known !== undefined) return known;
  const catalogue = loadTable(major).then((table) => catalogueOf(major, table));
  loaded.set(major, catalogue);
  return catalogue;
}

async function loadTable(major: Major): Promise<Table> {
  switch (major) {
    case "15":
      return (await import("./v15.ts")).table;
    case "16":
      return (await import("./v16.ts")).table;
    case "17":
      return (await import("./v17.ts")).table;
    case "18":
      return (await import("./v18.ts")).table;
  }
}

function catalogueOf(major: Major, table: Table): Catalogue {
  const settings = new Map(table.rows.map((row) => [canonicalName(row[0]), settingOf(row)]));
  const aliases = new Map(Object.entries(table.aliases));
  return {
    major,
    size: settings.size,
    find(name) {
      const canonical = canonicalName(name);
      return settings.get(aliases.get(canonical) ?? canonical);
    },
    all: () => settings.values(),
  };
}

function settingOf(row: Row): Setting {
  const [name, context] = row;
  switch (row[2]) {
    case "bool":
    case "string":
      return { name, context, type: row[2] };
    case "integer":
    case "real":
      return { name, context, type: row[2], unit: row[3], min: row[4], max: row[5] };
    case "enum":
      return { name, context, type: "enum", values: row[3], unlisted: row[4] };
  }
}

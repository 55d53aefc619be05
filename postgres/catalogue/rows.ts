/** The shape of the generated tables `v15.ts` to `v18.ts`: facts only, short, and checked by the compiler. */

/**
 * When a changed value takes effect, in the server's own words: at a start (`postmaster`), by a reload (`sighup` and all
 * that follow), or never (`internal`: the server tells, nobody sets).
 */
export type SettingContext =
  | "internal"
  | "postmaster"
  | "sighup"
  | "superuser-backend"
  | "backend"
  | "superuser"
  | "user";

/** What a number without a unit counts; empty when the setting takes no unit. `8kB` is one block. */
export type BaseUnit = "" | "B" | "kB" | "8kB" | "MB" | "ms" | "s" | "min";

/** `[name, context, type, ...]`, as `Setting` in `catalogue.ts` has it by name. */
export type Row =
  | readonly [name: string, context: SettingContext, type: "bool" | "string"]
  | readonly [
    name: string,
    context: SettingContext,
    type: "integer" | "real",
    unit: BaseUnit,
    min: number,
    max: number,
  ]
  | readonly [
    name: string,
    context: SettingContext,
    type: "enum",
    values: readonly string[],
    unlisted: readonly string[],
  ];

/** The settings of one major version. */
export interface Table {
  /** Version of the server that was asked, such as `17.10`. */
  readonly version: string;
  readonly rows: readonly Row[];
  /** Older names that the server still understands, and what they mean today. */
  readonly aliases: Readonly<Record<string, string>>;
}

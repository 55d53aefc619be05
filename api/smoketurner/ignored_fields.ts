/** Fields that manifests may carry, and that have no effect: what a user is warned of. */

export interface IgnoredField {
  /** Keys from the object's root. */
  readonly path: readonly string[];
  /** Only this value has no effect; every value when absent. */
  readonly value?: unknown;
  /** What happens instead, as the end of a sentence. */
  readonly reason: string;
}

const neverToNothing = "a cluster never scales to nothing";

/** By kind; PostgresDatabase has none. */
export const ignoredFields = {
  PostgresCluster: [
    { path: ["spec", "backup", "encryption", "enabled"], reason: "backups are always encrypted" },
    { path: ["spec", "scaling", "minReplicas"], value: 0, reason: neverToNothing },
    { path: ["spec", "scaling", "idleTimeout"], reason: neverToNothing },
    { path: ["spec", "scaling", "wakeupTimeout"], reason: neverToNothing },
  ],
  PostgresUpgrade: [
    {
      path: ["spec", "targetClusterOverrides", "name"],
      reason: "the new cluster is called after the upgrade, with -target behind",
    },
    {
      path: ["spec", "strategy", "timeouts", "cutover"],
      reason: "a cutover that has begun is not given up by the clock",
    },
    {
      path: ["spec", "strategy", "postCutover", "cleanupSourceCluster"],
      reason: "keepSourceCluster says what becomes of the source",
    },
  ],
} as const satisfies Readonly<Record<string, readonly IgnoredField[]>>;

/** One sentence for each ignored field that `raw`, an object as a user wrote it, carries. */
export function ignoredFieldWarnings(fields: readonly IgnoredField[], raw: unknown): string[] {
  return fields
    .filter(({ path, value }) => {
      const found = valueAt(raw, path);
      return found !== undefined && (value === undefined || found === value);
    })
    .map(({ path, value, reason }) => {
      const setting = value === undefined ? path.join(".") : `${path.join(".")}: ${value}`;
      return `${setting} has no effect: ${reason}`;
    });
}

function valueAt(raw: unknown, path: readonly string[]): unknown {
  let value = raw;
  for (const key of path) {
    if (typeof value !== "object" || value === null) return undefined;
    value = Reflect.get(value, key);
  }
  return value;
}

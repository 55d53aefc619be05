/** Whether the StorageClasses that a shard names exist. */
import { backupClaimName } from "../../api/multigres/names.ts";
import { Shards } from "../../api/multigres/shard.ts";
import type { Cache } from "../../kube/cache.ts";
import type { Statement } from "../../kube/conditions.ts";
import { StorageClasses } from "../../kube/kinds.ts";
import { keyOf } from "../../kube/store.ts";
import type { Frozen, KubeObject } from "../../kube/types.ts";
import type { Observation } from "./observe.ts";
import { poolViews, shardPath } from "./view.ts";

/** A class that the spec names, and what is known of it. */
export interface ClassFinding {
  readonly name: string;
  /** Where it is named. */
  readonly path: string;
  /** `unknown`: StorageClasses cannot be read, so its absence proves nothing. */
  readonly kind: "found" | "missing" | "unknown";
}

export function classesOf({ view }: Observation, cache: Cache): ClassFinding[] {
  const named = new Map(
    poolViews(view).map(({ name, spec }) => [`spec.pools.${name}.storage.class`, spec.storage?.class]),
  );
  const { backup } = view.owner.spec;
  if (backup?.type !== "s3") {
    named.set("spec.backup.filesystem.storage.class", backup?.filesystem?.storage?.class);
  }
  return [...named].flatMap(([path, name]): ClassFinding[] => {
    if (name === undefined) return [];
    if (cache.get(StorageClasses, { name }) !== undefined) return [{ name, path, kind: "found" }];
    return [{ name, path, kind: cache.isCurrent(StorageClasses) ? "missing" : "unknown" }];
  });
}

/** Whether a claim may be made: one that names a missing class would name it for ever. */
export function mayMakeClaim(
  claim: string,
  { view }: Observation,
  classes: readonly ClassFinding[],
): boolean {
  const missing = classes.filter(({ kind }) => kind === "missing");
  if (claim === backupClaimName(shardPath(view))) {
    return !missing.some(({ path }) => path.startsWith("spec.backup"));
  }
  return !missing.some(({ path }) => path.startsWith("spec.pools"));
}

export function classStatement(classes: readonly ClassFinding[]): Statement {
  const type = "StorageClassValid";
  const missing = classes.filter(({ kind }) => kind === "missing");
  const [first] = missing;
  if (first !== undefined) {
    const names = missing.map(({ name, path }) => `"${name}" of ${path}`).join(", ");
    const message = `StorageClass ${names} does not exist; create it or name another`;
    return { type, status: "False", reason: "StorageClassNotFound", message };
  }
  if (classes.some(({ kind }) => kind === "unknown")) {
    const message = "StorageClasses cannot be read, so those that are named could not be checked";
    return { type, status: "Unknown", reason: "StorageClassUnknown", message };
  }
  if (classes.length === 0) {
    return { type, status: "True", reason: "StorageClassNotSpecified", message: "The default class is used" };
  }
  return { type, status: "True", reason: "StorageClassFound", message: "The named classes exist" };
}

/** Shards that name a class. */
export function usersOfClass({ metadata }: Frozen<KubeObject>, cache: Cache): string[] {
  return [...cache.store(Shards.resource).values()].filter(({ spec }) =>
    spec.backup?.filesystem?.storage?.class === metadata.name ||
    Object.values(spec.pools).some(({ storage }) => storage?.class === metadata.name)
  ).map((shard) => keyOf(shard.metadata));
}

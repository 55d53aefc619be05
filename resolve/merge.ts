/** How one setting gives way to another of the same field that stands nearer. One function a sort of field. */
import type { ResourceRequirements } from "../api/kubernetes/resources.ts";
import type { StorageSpec } from "../api/multigres/storage.ts";
import { present } from "./present.ts";

/** Texts: the empty one counts as not said. */
export function nearestText<T extends string>(base: T | undefined, child: T | undefined): T | undefined {
  return child === undefined || child === "" ? base : child;
}

/** Lists: replaced as a whole, but for an empty one, which counts as not said. */
export function nearestList<T>(base: T[] | undefined, child: T[] | undefined): T[] | undefined {
  return child === undefined || child.length === 0 ? base : child;
}

/** Resources without any of the three parts count as not said; an empty part is said, and means "none". */
export function saysResources(
  resources: ResourceRequirements | undefined,
): resources is ResourceRequirements {
  if (resources === undefined) return false;
  return [resources.requests, resources.limits, resources.claims].some((part) => part !== undefined);
}

/** Resources: replaced as a whole, since requests of one level make no sense with limits of another. */
export function nearestResources(
  base: ResourceRequirements | undefined,
  child: ResourceRequirements | undefined,
): ResourceRequirements | undefined {
  return saysResources(child) ? child : base;
}

/** Maps of texts: key by key. Without any entry the map is absent. */
export function mergeKeys(
  base: Readonly<Record<string, string>> | undefined,
  child: Readonly<Record<string, string>> | undefined,
): Record<string, string> | undefined {
  const merged = { ...base, ...child };
  return Object.keys(merged).length === 0 ? undefined : merged;
}

/**
 * Blocks that are merged field by field. One that stands alone is merged with itself, so that the same words give the same
 * result at whatever level they stand: what says nothing is dropped.
 */
export function mergeBlocks<T>(
  merge: (base: T, child: T) => T,
  base: T | undefined,
  child: T | undefined,
): T | undefined {
  const below = base ?? child;
  const above = child ?? base;
  return below === undefined || above === undefined ? undefined : merge(below, above);
}

export function mergeStorage(base: StorageSpec, child: StorageSpec): StorageSpec {
  return present({
    size: nearestText(base.size, child.size),
    class: nearestText(base.class, child.class),
    accessModes: nearestList(base.accessModes, child.accessModes),
  });
}

/** Labels of the Multigres family: what is written on objects, and by which of them objects are found. */
import type { locationOf } from "./location.ts";

const domain = "multigres.com";

/** Logical names of what an object belongs to. */
export const clusterLabel = `${domain}/cluster`;
export const cellLabel = `${domain}/cell`;
export const databaseLabel = `${domain}/database`;
export const tableGroupLabel = `${domain}/tablegroup`;
export const shardLabel = `${domain}/shard`;
export const poolLabel = `${domain}/pool`;

/** Where a gateway is: by which of the three its cell was located. */
export const zoneLabel = `${domain}/zone`;
export const zoneIdLabel = `${domain}/zone-id`;
export const regionLabel = `${domain}/region`;

/** On MultigresClusters: "true" while the cluster uses a template of that kind. */
export const usesCoreTemplateLabel = `${domain}/uses-core-template`;
export const usesCellTemplateLabel = `${domain}/uses-cell-template`;
export const usesShardTemplateLabel = `${domain}/uses-shard-template`;

/** On pods of pools: {@link drainedRole} once the pod serves no more. */
export const roleLabel = `${domain}/role`;
export const drainedRole = "DRAINED";

/** On claims that outlive their shard: when that began, see {@link orphanSinceValue}. */
export const orphanSinceLabel = `${domain}/orphan-since`;

export const nameLabel = "app.kubernetes.io/name";
export const instanceLabel = "app.kubernetes.io/instance";
export const componentLabel = "app.kubernetes.io/component";
export const partOfLabel = "app.kubernetes.io/part-of";
export const managedByLabel = "app.kubernetes.io/managed-by";

/** Who made an object; also the owner of its applied fields. */
export const operatorName = "multigres-operator";

/** Finds every object that this operator made. */
export const ownedSelector = `${managedByLabel}=${operatorName}`;

/** The labels that every object of a cluster carries. They win over a user's labels of the same keys. */
export function standardLabels(cluster: string, component: string): Record<string, string> {
  return {
    [nameLabel]: "multigres",
    [instanceLabel]: cluster,
    [componentLabel]: component,
    [partOfLabel]: "multigres",
    [managedByLabel]: operatorName,
  };
}

/** Keys that may stand in selectors: those that never change during the life of an object. */
const selectorKeys = [
  componentLabel,
  instanceLabel,
  clusterLabel,
  databaseLabel,
  tableGroupLabel,
  shardLabel,
  poolLabel,
  cellLabel,
];

/** The part of an object's labels by which it may be selected. */
export function selectorLabels(labels: Readonly<Record<string, string>>): Record<string, string> {
  const entries = selectorKeys.flatMap((key) => {
    const value = labels[key];
    return value === undefined ? [] : [[key, value] as const];
  });
  return Object.fromEntries(entries);
}

/** A time in UTC as a label value, which holds no colon: `2026-01-31T23-59-58Z`. */
export function orphanSinceValue(time: Date): string {
  return `${time.toISOString().slice(0, 19).replaceAll(":", "-")}Z`;
}

/** The time of such a value; undefined when it is none. */
export function parseOrphanSince(value: string): Date | undefined {
  const parts = /^(\d{4}-\d{2}-\d{2})T(\d{2})-(\d{2})-(\d{2})Z$/.exec(value);
  const time = Date.parse(parts === null ? "" : `${parts[1]}T${parts[2]}:${parts[3]}:${parts[4]}Z`);
  return Number.isNaN(time) ? undefined : new Date(time);
}

/** The label that tells where a cell is; none when the cell does not say. */
export function locationLabels(location: ReturnType<typeof locationOf>): Record<string, string> {
  if (location === undefined) return {};
  const labels = { zone: zoneLabel, zoneId: zoneIdLabel, region: regionLabel } as const;
  return { [labels[location.field]]: location.value };
}

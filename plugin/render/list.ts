/** All clusters, one line each. Pure. */
import type { ClusterPicture, Health } from "../picture.ts";
import { type Style, toneOf } from "./style.ts";
import { table, type TableCell } from "./table.ts";
import { age, relative } from "./words.ts";

export function renderList(clusters: readonly ClusterPicture[], style: Style, now: Date): string {
  const heads = ["NAMESPACE", "KIND", "NAME", "PHASE", "READY", "PRIMARY", "BACKUPS", "AGE", "MESSAGE"];
  return table(heads, clusters.map((cluster) => row(cluster, now)), style);
}

function row(cluster: ClusterPicture, now: Date): TableCell[] {
  const { namespace, kind, name, phase, deleting, createdAt, message } = cluster;
  return [
    namespace,
    kind,
    name,
    { text: deleting ? `${phase} (deleting)` : phase, tone: toneOf(phase) },
    readyOf(cluster),
    primaryOf(cluster),
    backupsOf(cluster, now),
    age(createdAt, now),
    toneOf(phase) === "good" ? "" : message ?? "",
  ];
}

function readyOf({ groups }: ClusterPicture): string {
  const ready = groups.flatMap(({ instances }) => instances).filter((each) => each.ready).length;
  const wanted = groups.map(({ wanted }) => wanted);
  const sum = wanted.reduce<number | null>((all, one) => all === null || one === null ? null : all + one, 0);
  return `${ready}/${groups.length === 0 || sum === null ? "?" : sum}`;
}

function primaryOf({ groups }: ClusterPicture): string {
  const found = groups.map(({ instances }) => instances.find(({ role }) => role === "primary")?.pod);
  const seen = found.filter((pod) => pod !== undefined);
  if (groups.length <= 1) return seen[0] ?? "unknown";
  return `${seen.length} of ${groups.length} shards`;
}

/** From the worst to the best. */
const ORDER: readonly Health[] = ["unhealthy", "unknown", "none", "healthy"];

function backupsOf({ backups }: ClusterPicture, now: Date): TableCell {
  const worst = ORDER.find((health) => backups.some((each) => each.health === health)) ?? "unknown";
  const times = backups.flatMap(({ lastTime }) => lastTime ?? []).sort();
  const oldest = times.length === backups.length ? times[0] : undefined;
  const text = oldest === undefined ? worst : `${worst}, ${relative(oldest, now)}`;
  return { text, tone: toneOf(worst) };
}

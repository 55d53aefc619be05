/** One cluster, from its phase down to its certificates. Pure. */
import type {
  BackupPicture,
  CertificatePicture,
  ClusterPicture,
  Instance,
  InstanceGroup,
  PartPicture,
  StatusDocument,
  Waiting,
} from "../picture.ts";
import { cut, harmless, type Style, toned, toneOf } from "./style.ts";
import { table, type TableCell } from "./table.ts";
import { age, bytes, relative } from "./words.ts";

/** Certificates that end within so many days are marked. */
const SOON_DAYS = 7;

export function renderCluster(cluster: ClusterPicture, style: Style, now: Date): string {
  const parts = [
    header(cluster, style, now),
    section("Addresses", addresses(cluster, style), style),
    section("Cells", cells(cluster, style), style),
    section("Topology servers", named(cluster.topologyServers, style), style),
    section("Table groups", named(cluster.tableGroups, style), style),
    ...cluster.groups.map((group) => renderGroup(group, cluster, style, now)),
    section("Databases and upgrades", named(cluster.dependents, style), style),
    section("Backups", backups(cluster.backups, style, now), style),
    section("Certificates", certificates(cluster.certificates, style, now), style),
    section("Conditions", conditions(cluster, style, now), style),
    waiting(cluster.waiting, style, now),
  ];
  return parts.filter((part) => part !== "").join("\n");
}

/** What stands below the clusters: who works on them, and what could not be read. */
export function renderEnd({ operator, notes, takenAt }: StatusDocument, style: Style): string {
  const renewed = operator.renewedAt === null
    ? ""
    : `, lease renewed ${relative(operator.renewedAt, new Date(takenAt))}`;
  const state = toned(operator.state, toneOf(operator.state), style);
  const lines = [`Operator: ${state}${renewed} (${harmless(operator.message)})`, ...notes.map(noteLine)];
  return lines.map((line) => `${line}\n`).join("");
}

export function noteLine(note: string): string {
  return `Note: ${harmless(note)}`;
}

function header(cluster: ClusterPicture, style: Style, now: Date): string {
  const { kind, namespace, name, phase, createdAt, deleting, postgresVersion, message } = cluster;
  const facts = [
    toned(deleting ? `${phase}, being deleted` : phase, toneOf(phase), style),
    ...(postgresVersion === null ? [] : [`PostgreSQL ${postgresVersion}`]),
    `${age(createdAt, now)} old`,
  ];
  const title = toned(`${kind} ${namespace}/${name}`, "heading", style);
  const reason = harmless(whyOf(phase, message));
  const why = reason === "" ? "" : `  ${cut(reason, widthFor(style))}\n`;
  return `${title}  ${facts.join(", ")}\n${why}`;
}

function widthFor({ columns }: Style): number | undefined {
  return columns === undefined ? undefined : columns - 2;
}

function section(title: string, body: string, style: Style): string {
  return body === "" ? "" : `${toned(title, "heading", style)}\n${indented(body)}`;
}

function indented(text: string): string {
  return text.replaceAll(/^(?=.)/gm, "  ");
}

/** Tables stand two columns in. */
function inner(heads: readonly string[], rows: readonly (readonly TableCell[])[], style: Style): string {
  const columns = style.columns === undefined ? undefined : style.columns - 2;
  return table(heads, rows, { ...style, columns });
}

const word = (text: string): TableCell => ({ text, tone: toneOf(text) });

/** What is well needs no reason. */
function whyOf(phase: string, message: string | null): string {
  return toneOf(phase) === "good" ? "" : message ?? "";
}

function addresses(cluster: ClusterPicture, style: Style): string {
  return inner(
    ["FOR", "ADDRESS"],
    cluster.addresses.map(({ purpose, address }) => [purpose, address]),
    style,
  );
}

function cells({ cells }: ClusterPicture, style: Style): string {
  const rows = cells.map(({ name, phase, gateways, message }): TableCell[] => [
    name,
    word(phase),
    gateways === null ? "unknown" : `${gateways.ready}/${gateways.pods}`,
    whyOf(phase, message),
  ]);
  return inner(["NAME", "PHASE", "GATEWAYS", "MESSAGE"], rows, style);
}

function named(parts: readonly PartPicture[], style: Style): string {
  const rows = parts.map(({ object, name, phase, message }): TableCell[] => [
    object.split("/")[0] ?? "",
    name,
    word(phase),
    whyOf(phase, message),
  ]);
  return inner(["KIND", "NAME", "PHASE", "MESSAGE"], rows, style);
}

/** @param cluster that the group belongs to */
function renderGroup(group: InstanceGroup, cluster: ClusterPicture, style: Style, now: Date): string {
  const ready = group.instances.filter((each) => each.ready).length;
  const count = `${ready} of ${group.wanted ?? "an unknown number of"} ready`;
  const poolers = cluster.poolers === null ? "" : `, poolers: ${cluster.poolers.ready} ready`;
  const title = group.shard === null
    ? `Members: ${count}${poolers}`
    : `Shard ${group.name}: ${group.phase}, ${count}`;
  const rows = group.instances.map((each) => instanceRow(each, now));
  const heads = ["POD", "ROLE", "READY", "LAG", "POOL", "CELL", "NODE", "RESTARTS", "AGE", "NOTE"];
  const body = rows.length === 0 ? "no instance can be seen\n" : inner(heads, rows, style);
  return `${toned(title, "heading", style)}\n${indented(body)}`;
}

function instanceRow(instance: Instance, now: Date): TableCell[] {
  const { pod, ready, pool, cell, node, restarts, createdAt, note } = instance;
  return [
    pod,
    roleCell(instance),
    ready ? { text: "yes", tone: "good" } : { text: "no", tone: "bad" },
    lagOf(instance),
    pool ?? "",
    cell ?? "",
    node ?? "none",
    String(restarts),
    age(createdAt, now),
    note ?? "",
  ];
}

function roleCell({ role, lastRole }: Instance): TableCell {
  if (role === "unknown") {
    return { text: lastRole === null ? "unknown" : `unknown (was ${lastRole})`, tone: "doubtful" };
  }
  return { text: role, tone: role === "primary" ? "good" : role === "quarantined" ? "bad" : "plain" };
}

function lagOf({ role, lagBytes }: Instance): string {
  if (role === "primary") return "-";
  return lagBytes === null ? "unknown" : bytes(lagBytes);
}

function backups(all: readonly BackupPicture[], style: Style, now: Date): string {
  const rows = all.map((each): TableCell[] => [
    each.of,
    word(each.health),
    each.health === "none" ? "" : each.lastTime === null ? "unknown" : relative(each.lastTime, now),
    each.type ?? "",
    each.recoverableFrom === null ? "" : `${each.recoverableFrom} to ${each.recoverableTo ?? "now"}`,
    each.message ?? "",
  ]);
  return inner(["OF", "HEALTH", "LAST", "TYPE", "RECOVERABLE", "MESSAGE"], rows, style);
}

function certificates(all: readonly CertificatePicture[], style: Style, now: Date): string {
  const rows = all.map(({ secret, key, expiresAt, problem }): TableCell[] => [
    secret,
    key,
    { text: relative(expiresAt, now), tone: endsSoon(expiresAt, now) ? "bad" : "plain" },
    expiresAt ?? "",
    problem ?? "",
  ]);
  return inner(["SECRET", "KEY", "EXPIRES", "AT", "PROBLEM"], rows, style);
}

function endsSoon(expiresAt: string | null, now: Date): boolean {
  return expiresAt !== null && Date.parse(expiresAt) - now.getTime() < SOON_DAYS * 86_400_000;
}

/** The cluster's own; those of its parts are told where they are not at rest. */
function conditions({ conditions, kind, name }: ClusterPicture, style: Style, now: Date): string {
  const own = conditions.filter(({ of }) => of === `${kind}/${name}`);
  const rows = own.map(({ type, status, reason, since, message, current, atRest }): TableCell[] => [
    type,
    { text: current ? status : `${status} (old)`, tone: atRest && current ? "good" : "doubtful" },
    reason,
    age(since, now),
    message,
  ]);
  return inner(["TYPE", "STATUS", "REASON", "FOR", "MESSAGE"], rows, style);
}

/** Whole sentences, never cut: they say what to do. */
function waiting(all: readonly Waiting[], style: Style, now: Date): string {
  const title = toned("Waiting for", "heading", style);
  if (all.length === 0) return `${title}\n  nothing\n`;
  const lines = all.map(({ of, reason, message, since }) => {
    const time = since === null ? "" : `, for ${age(since, now)}`;
    return `  ${harmless(of)} (${toned(harmless(reason), "doubtful", style)}${time}): ${harmless(message)}\n`;
  });
  return `${title}\n${lines.join("")}`;
}

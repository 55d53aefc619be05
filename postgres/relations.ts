/** Rules that more than one setting takes part in: the server checks them at its start, and does not start. */
import type { Layers, Origin } from "./layers.ts";
import { parseNumber } from "./number.ts";
import type { SettingProblem } from "./problem.ts";

/** Connections that a pooler holds: those for clients, and those for its own work. */
export const poolerConnections = { clients: 40, own: 5 } as const;

/** The server wants room for two segments of WAL, and initdb makes them 16 MB each. */
const MIN_WAL_MEGABYTES = 32;

/** What the server has when nobody says anything. */
const serverDefaults: Readonly<Record<string, number>> = {
  max_connections: 100,
  reserved_connections: 0,
  superuser_reserved_connections: 3,
};

/** Checks the settings in effect. A problem's path is the setting that is to be changed, and the layer that it comes from. */
export function validateTogether(layers: Layers): SettingProblem[] {
  return [...connections(layers), ...walSize(layers, "min_wal_size"), ...walSize(layers, "max_wal_size")];
}

function connections(layers: Layers): SettingProblem[] {
  const all = countOf(layers, "max_connections");
  const reserved = countOf(layers, "superuser_reserved_connections") +
    countOf(layers, "reserved_connections");
  const path = pathOf(layers, "max_connections");
  if (reserved >= all) {
    const message = `Cannot start with ${all} connections as ${reserved} of them are reserved: ` +
      "raise max_connections, or lower superuser_reserved_connections and reserved_connections";
    return [{ severity: "error", path, message }];
  }
  const needed = poolerConnections.clients + poolerConnections.own;
  if (all - reserved >= needed) return [];
  const message =
    `The pooler may open ${needed} connections, and of ${all} only ${all - reserved} are not reserved: ` +
    `raise max_connections to at least ${needed + reserved}`;
  return [{ severity: "warning", path, message }];
}

function walSize(layers: Layers, name: "min_wal_size" | "max_wal_size"): SettingProblem[] {
  const megabytes = parseNumber(layers.get(name)?.value ?? "", "MB", "integer");
  if (megabytes === undefined || megabytes >= MIN_WAL_MEGABYTES) return [];
  const message = `Cannot start with ${name} of ${megabytes}MB as WAL needs at least two segments: ` +
    `raise it to at least ${MIN_WAL_MEGABYTES}MB`;
  return [{ severity: "error", path: pathOf(layers, name), message }];
}

function countOf(layers: Layers, name: string): number {
  return parseNumber(layers.get(name)?.value ?? "", "", "integer") ?? serverDefaults[name] ?? 0;
}

const fields: Readonly<Record<Origin, string>> = {
  baseline: "baseline",
  sizing: "resources",
  configMap: "postgresConfigRef",
  inline: "postgresConfig",
  marker: "marker",
};

function pathOf(layers: Layers, name: string): string {
  return `${fields[layers.get(name)?.origin ?? "baseline"]}.${name}`;
}

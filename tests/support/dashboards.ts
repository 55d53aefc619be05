/** What the dashboards ask for. */
import { join } from "node:path";
import { isRecord, listAt, stringAt } from "../ground/json.ts";
import { repository } from "../ground/operator.ts";

export const dashboardFiles = ["operator-overview", "cluster-health", "data-plane"] as const;
export type DashboardName = typeof dashboardFiles[number];

export interface Query {
  /** Title of its panel. */
  readonly panel: string;
  /** As it stands in the file. */
  readonly written: string;
  /** With all variables replaced by what matches everything. */
  readonly expr: string;
  readonly legend: string;
}

export async function readDashboard(name: DashboardName): Promise<unknown> {
  return JSON.parse(
    await Deno.readTextFile(join(repository, `deploy/observability/dashboards/${name}.json`)),
  );
}

export function panelsOf(dashboard: unknown): unknown[] {
  return listAt(dashboard, "panels").filter((panel) => stringAt(panel, "type") !== "row");
}

export function queriesOf(dashboard: unknown): Query[] {
  return panelsOf(dashboard).flatMap((panel) =>
    listAt(panel, "targets").map((target) => {
      const written = stringAt(target, "expr") ?? "";
      return {
        panel: stringAt(panel, "title") ?? "",
        written,
        expr: written.replaceAll("$__rate_interval", "1m").replaceAll(/\$(namespace|cluster)\b/g, ".*"),
        legend: stringAt(target, "legendFormat") ?? "",
      };
    })
  );
}

/** Names of metrics that a query reads. */
export function metricsIn(expr: string): string[] {
  const bare = expr.replaceAll(/"[^"]*"/g, "").replaceAll(/\{[^}]*\}|\[[^\]]*\]/g, " ")
    .replaceAll(/\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)/g, " ");
  const names = [...bare.matchAll(/[a-z_:][a-z0-9_:]*(?!\w*\s*\()/gi)].map(([name]) => name);
  return [...new Set(names.filter((name) => name.includes("_") && !/^(histogram|label)_\w+$/.test(name)))];
}

/** Names that a page of metrics offers; a histogram has three. */
export function metricsOn(page: string): Set<string> {
  const names = new Set<string>();
  for (const [, name = "", type] of page.matchAll(/^# TYPE (\S+) (\S+)$/gm)) {
    names.add(name);
    if (type === "histogram") { for (const part of ["bucket", "sum", "count"]) names.add(`${name}_${part}`); }
  }
  return names;
}

/** Names that an exporter makes of a file with queries: each prefix with each of its columns. */
export function metricsOfQueries(queries: unknown): Set<string> {
  const entries = (value: unknown) => Object.entries(isRecord(value) ? value : {});
  return new Set(
    entries(queries).flatMap(([prefix, query]) =>
      listAt(query, "metrics").flatMap(entries).filter(([, how]) => stringAt(how, "usage") === "GAUGE")
        .map(([name]) => `${prefix}_${name}`)
    ),
  );
}

/** That every query of a dashboard can be read, and asks for what there is. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { parse } from "yaml";
import { exporterQueries } from "../../../controllers/shard/exporter_queries.ts";
import { listAt, stringAt } from "../../ground/json.ts";
import { sharedCluster } from "../../ground/ground.ts";
import { repository } from "../../ground/operator.ts";
import {
  dashboardFiles,
  type DashboardName,
  metricsIn,
  metricsOfQueries,
  metricsOn,
  queriesOf,
  readDashboard,
} from "../../support/dashboards.ts";
import { access, OWN_PORTS, startProgram, temporaryFile } from "../../support/program.ts";
import { promtool } from "../../support/promtool.ts";
import { freePort } from "../../ground/ports.ts";

/** The page of the real program, as Prometheus gets it. */
async function realPage(): Promise<string> {
  await using file = await access(sharedCluster().connection);
  const port = `--webhook-port=${freePort()}`;
  await using program = await startProgram({
    args: ["run", ...OWN_PORTS, "--metrics-secure=false", "--webhook-enable", port],
    ...file.options,
  });
  const [, address] = await program.line(/"message":"Serving metrics","address":"([^"]+)"/);
  await program.line(/"message":"Serving probes"/);
  return await (await fetch(`http://${address}/metrics`)).text();
}

const exported = metricsOn(await realPage());
const measured = metricsOfQueries(parse(exporterQueries()));

const offered: Readonly<Record<DashboardName, ReadonlySet<string>>> = {
  "operator-overview": exported,
  "cluster-health": exported,
  "data-plane": measured,
};

Deno.test("names of metrics are found in a query, and labels and functions are not", () => {
  const query =
    'max(sum by (a_b) (rate(x_total{c_d=~"e_f"}[1m])) / on (g_h) y_z) and histogram_quantile(0.9, k_l)';
  assert.deepEqual(metricsIn(query), ["x_total", "y_z", "k_l"]);
});

for (const name of dashboardFiles) {
  Deno.test(`every query of ${name} names metrics that exist, and promtool can read it`, async () => {
    const dashboard = await readDashboard(name);
    const queries = queriesOf(dashboard);
    assert.ok(queries.length >= 12);
    for (const { panel, expr } of queries) {
      const names = metricsIn(expr);
      assert.ok(names.length > 0, `${panel}: ${expr}`);
      assert.deepEqual(names.filter((each) => !offered[name].has(each)), [], `${panel}: ${expr}`);
    }
    const rules = queries.map(({ expr }, index) => ({ record: `query:${index}`, expr }));
    await using file = await temporaryFile(JSON.stringify({ groups: [{ name: "queries", rules }] }));
    const { ok, said } = await promtool("check", "rules", file.path);
    assert.ok(ok, said);
    for (const variable of listAt(dashboard, "templating", "list")) {
      const asked = /^label_values\((\w+),/.exec(stringAt(variable, "query", "query") ?? "")?.[1];
      assert.ok(asked === undefined || offered[name].has(asked), `${asked}`);
    }
  });
}

Deno.test("every metric that the documentation names exists, and every one that exists is named there", async () => {
  const text = await Deno.readTextFile(join(repository, "docs/telemetry.md"));
  const ours = /\b(?:multigres_operator|postgres_operator|matriarch)_[a-z_]+\b/g;
  const named = new Set([...text.matchAll(ours)].map(([name]) => name));
  const there = [...exported].filter((name) =>
    /^(multigres_operator|postgres_operator|matriarch)_/.test(name)
  )
    .filter((name) => !/_seconds_(bucket|sum|count)$/.test(name));
  assert.deepEqual([...named].sort(), there.sort());
});

Deno.test("every alert asks for metrics that exist", async () => {
  const rules = parse(await Deno.readTextFile(join(repository, "deploy/observability/alerts.yaml")));
  for (const rule of listAt(rules, "groups", 0, "rules")) {
    const names = metricsIn(stringAt(rule, "expr") ?? "");
    assert.ok(names.length > 0);
    assert.deepEqual(names.filter((name) => !exported.has(name)), [], stringAt(rule, "alert") ?? "");
  }
});

/** That every alert fires when it should, not before, and not when all is well: judged by promtool. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { parse } from "yaml";
import { listAt, stringAt } from "../../ground/json.ts";
import { repository } from "../../ground/operator.ts";
import { type InputSeries, promtool, testRules } from "../../support/promtool.ts";
import { troubles } from "./troubles.ts";

const plain = join(repository, "deploy/observability/alerts.yaml");
const wrapped = join(repository, "deploy/observability/prometheus-rule.yaml");

const read = async (path: string): Promise<unknown> => parse(await Deno.readTextFile(path));
const rules = listAt(await read(plain), "groups", 0, "rules");
const names = rules.map((rule) => stringAt(rule, "alert") ?? "");

/** Whether an alert fires at a minute, with these labels and no others. */
async function assertFiring(
  alert: string,
  { series, minute, firing }: {
    readonly series: readonly InputSeries[];
    readonly minute: number;
    readonly firing: readonly string[];
  },
): Promise<void> {
  const expr = `ALERTS{alertname="${alert}",alertstate="firing"}`;
  const samples = firing.map((labels) => ({
    labels: `ALERTS{alertname="${alert}",alertstate="firing",${labels}}`,
    value: 1,
  }));
  const { ok, said } = await testRules(plain, series, [{ expr, minute, samples }]);
  assert.ok(ok, `minute ${minute}: ${said}`);
}

Deno.test("there are ten alerts, promtool takes their rules, and each has its trouble and its runbook", async () => {
  assert.equal(new Set(names).size, 10);
  assert.deepEqual(troubles.map(({ alert }) => alert).sort(), [...names].sort());
  const { ok, said } = await promtool("check", "rules", plain);
  assert.ok(ok && /10 rules found/.test(said), said);
  for (const rule of rules) {
    const page = stringAt(rule, "annotations", "runbook_url") ?? "";
    assert.equal(page, `docs/runbooks/${stringAt(rule, "alert")}.md`);
    const text = await Deno.readTextFile(join(repository, page));
    for (const heading of ["Meaning", "What to look at", "What to do", "When it clears"]) {
      assert.ok(text.includes(`\n## ${heading}\n`), `${page} has no chapter "${heading}"`);
    }
  }
});

Deno.test("the Prometheus Operator gets the same rules", async () => {
  const object = await read(wrapped);
  assert.equal(stringAt(object, "kind"), "PrometheusRule");
  assert.deepEqual(listAt(object, "spec", "groups"), listAt(await read(plain), "groups"));
});

for (const { alert, series, waits, fires, labels, well, clears } of troubles) {
  Deno.test(`${alert} fires after its time, clears, and stays silent while all is well`, async () => {
    await assertFiring(alert, { series, minute: waits, firing: [] });
    await assertFiring(alert, { series, minute: fires, firing: [labels] });
    await assertFiring(alert, { series, minute: clears, firing: [] });
    for (const minute of [waits, fires, clears]) {
      await assertFiring(alert, { series: well, minute, firing: [] });
    }
  });

  Deno.test(`what ${alert} says names only what it knows`, () => {
    const rule = rules.find((each) => stringAt(each, "alert") === alert);
    const texts = [stringAt(rule, "annotations", "summary"), stringAt(rule, "annotations", "description")];
    const known = [...labels.matchAll(/(\w+)="/g)].map(([, name]) => name);
    for (const [, label] of texts.join(" ").matchAll(/\$labels\.(\w+)/g)) {
      assert.ok(known.includes(label), `${label} is none of ${known.join(", ")}`);
    }
  });
}

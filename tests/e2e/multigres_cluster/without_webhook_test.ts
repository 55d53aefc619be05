/** What admission refuses, where nobody asked admission: the cluster says so, and nothing is made of it. */
import assert from "node:assert/strict";
import { Cells } from "../../../api/multigres/cell.ts";
import { TableGroups } from "../../../api/multigres/table_group.ts";
import { waitUntil } from "../../ground/wait_for.ts";
import { clusterTest } from "../../support/cluster_stage.ts";
import { type ClusterRuleCase, ruleCases } from "../../support/multigres_rule_cases.ts";
import { conditionOf, manifest, messageOf, start } from "./support.ts";

type Rule = keyof typeof ruleCases;

/**
 * Rules that others see to: Shards judge settings, whatever they come from; volumes without a class wait for one; templates
 * that do not fit cannot be stored.
 */
const elsewhere: ReadonlySet<string> = new Set<Rule>(["SettingAllowed", "StorageClassGiven", "TemplateFits"]);

const cases: readonly (ClusterRuleCase & { readonly name: string })[] = Object.entries(ruleCases)
  .filter(([rule]) => !elsewhere.has(rule))
  .flatMap(([rule, list]) => list.map((each, index) => ({ ...each, name: `${rule.toLowerCase()}-${index}` })))
  .filter(({ severity }) => severity === "error");

clusterTest("without the webhook a cluster says why it is not made, by the same rules", async (stage) => {
  const { client, ground, namespace } = stage;
  for (
    const [kind, name, spec] of [
      ["CoreTemplate", "core", {}],
      ["CellTemplate", "cell", {}],
      ["ShardTemplate", "shard", { pools: { main: {} } }],
      ["ShardTemplate", "lengthy", { pools: { ["x".repeat(26)]: {} } }],
    ] as const
  ) await stage.apply(manifest(kind, name, spec));
  const path = `/apis/multigres.com/v1alpha1/namespaces/${namespace}/multigresclusters`;
  const stored: typeof cases[number][] = [];
  for (const each of cases) {
    const { name, refused } = each;
    const object = {
      apiVersion: "multigres.com/v1alpha1",
      kind: "MultigresCluster",
      metadata: { name },
      spec: refused,
    };
    const { status, body } = await ground.send("POST", path, object);
    if (status === 201) stored.push(each);
    // Without the defaults that the webhook fills in some break rules of the schema as well.
    else assert.equal(status, 422, `${name}: ${JSON.stringify(body)}`);
  }
  assert.ok(stored.length >= 20, `only ${stored.length} of ${cases.length} are stored`);
  await using _operator = start(stage);
  for (const { name, says } of stored) {
    const told = await waitUntil(
      `${name} to say ${says}`,
      () => stage.cluster(name),
      (seen) =>
        conditionOf(seen, "SpecAccepted").startsWith("False/") && says.test(messageOf(seen, "SpecAccepted")),
    );
    assert.match(messageOf(told, "SpecAccepted"), /\bspec\.\w/);
  }
  assert.deepEqual(await client.listAll(Cells.resource, { namespace }), []);
  assert.deepEqual(await client.listAll(TableGroups.resource, { namespace }), []);
});

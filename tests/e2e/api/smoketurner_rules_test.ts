import assert from "node:assert/strict";
import { customResourceDefinition } from "../../../api/schema/crd.ts";
import { constraintsOf } from "../../support/constraints.ts";
import type { RuleCase, RuleCases } from "../../support/rule_cases.ts";
import { clusterRules } from "./smoketurner_cluster_rules.ts";
import { databaseRules, upgradeRules } from "./smoketurner_other_rules.ts";
import {
  create,
  type Creation,
  findings,
  fixture,
  kinds,
  type Plural,
  withKinds,
} from "./smoketurner_support.ts";

const ruleBooks: readonly [Plural, string, (base: Record<string, unknown>) => RuleCases][] = [
  ["postgresclusters", "production", clusterRules],
  ["postgresdatabases", "database", databaseRules],
  ["postgresupgrades", "upgrade", upgradeRules],
];

/** Rules of spec and object as the CRD has them; those of the status are of the operator's own making. */
function rulesOf(plural: Plural): Set<string> {
  const schema = customResourceDefinition(kinds[plural]).spec.versions[0]?.schema.openAPIV3Schema;
  if (schema?.properties === undefined) throw new Error(`Cannot read the schema of ${plural}`);
  const { status: _status, ...properties } = schema.properties;
  return new Set(
    constraintsOf({ ...schema, properties }, "").map((rule) => rule.replace(/^\./, "")),
  );
}

/** Says what is wrong with the answers to a pair; nothing when both are as they should be. */
async function judge(
  target: Creation,
  { rule, accepted, refused, field, message }: RuleCase,
): Promise<string[]> {
  const good = await create(target, accepted);
  const bad = await create(target, refused);
  const wrong: string[] = [];
  if (good.status !== 201) wrong.push(`${rule}: refused what it should accept: ${JSON.stringify(good.body)}`);
  const found = findings(bad);
  const blamed = (path: string) => path === field || (field === "" && path === "<nil>");
  if (bad.status !== 422 || !found.some((one) => blamed(one.field) && one.message.includes(message))) {
    wrong.push(
      `${rule}: expected a refusal at ${field} with "${message}", got ${bad.status} ${JSON.stringify(found)}`,
    );
  }
  return wrong;
}

/** At most eight pairs at the same time. */
async function judgeAll(target: Creation, cases: readonly RuleCase[]): Promise<string[]> {
  const waiting = [...cases];
  const wrong: string[] = [];
  const work = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      wrong.push(...await judge(target, next));
    }
  };
  await Promise.all(Array.from({ length: 8 }, work));
  return wrong;
}

for (const [plural, name, book] of ruleBooks) {
  Deno.test(`every rule of ${plural} lets a good object pass and turns a bad one away`, async (t) => {
    const cases = book(await fixture(name)).all();
    await withKinds(t, async ({ client, namespace }) => {
      const wrong = await judgeAll({ client, namespace, plural, dryRun: true }, cases);
      assert.deepEqual(wrong, []);
    });
  });

  Deno.test(`no rule of ${plural} is without its pair of objects`, async () => {
    const proven = new Set(book(await fixture(name)).all().map(({ rule }) => rule));
    assert.deepEqual([...rulesOf(plural)].filter((rule) => !proven.has(rule)), []);
    assert.deepEqual([...proven].filter((rule) => !rulesOf(plural).has(rule)), []);
  });
}

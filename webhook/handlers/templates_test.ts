import assert from "node:assert/strict";
import { ask, knownFacts, namespace, reviewOf } from "../../tests/support/webhook.ts";
import type { FactKind } from "../facts.ts";

const apiVersion = "multigres.com/v1alpha1";

type Json = Record<string, unknown>;

const kinds = [
  ["CoreTemplate", "coretemplates", "coreTemplate", { multiadmin: { replicas: 7 } }, {
    multiadmin: { replicas: "x" },
  }],
  ["CellTemplate", "celltemplates", "cellTemplate", { multigateway: { replicas: 7 } }, { multigateway: 1 }],
  ["ShardTemplate", "shardtemplates", "shardTemplate", { pools: { main: {} } }, { pools: 1 }],
] as const;

function object(kind: string, spec: Json, metadata: Json = {}) {
  return { apiVersion, kind, metadata: { name: "t", namespace, uid: "u", generation: 1, ...metadata }, spec };
}

function user(field: string, metadata: Json = {}) {
  const spec = {
    postgresPasswordSecretRef: { name: "pw", key: "password" },
    cells: [{ name: "a", zoneId: "z" }],
    templateDefaults: { [field]: "t" },
  };
  return ["multigresclusters", object("MultigresCluster", spec, { name: "shop", ...metadata })] as const;
}

Deno.test("templates of all kinds are created, changed and deleted while nobody uses them", async () => {
  for (const [kind, plural, , good, bad] of kinds) {
    const path = `/validate-multigres-com-v1alpha1-${kind.toLowerCase()}`;
    const stored = object(kind, {});
    const facts = knownFacts([[plural, stored]]);
    const asked = async (operation: string, subject?: Json, oldObject?: Json) => {
      const parts = { operation, ...(subject && { object: subject }), ...(oldObject && { oldObject }) };
      return (await ask(path, reviewOf(parts), { facts })).allowed;
    };
    assert.equal(await asked("CREATE", object(kind, good)), true);
    assert.equal(await asked("UPDATE", object(kind, good), stored), true);
    assert.equal(await asked("DELETE", undefined, stored), true);
    assert.equal(await asked("CREATE", object(kind, bad)), false);
    assert.equal(await asked("UPDATE", object(kind, bad), stored), false);
    const wrong = object(kind, bad);
    assert.equal(
      await asked("UPDATE", { ...wrong, metadata: { ...wrong.metadata, labels: {} } }, wrong),
      true,
    );
    assert.equal(
      await asked("UPDATE", { ...wrong, spec: { ...bad, more: 1 } }, wrong),
      true,
      "it is stored so already",
    );
  }
});

Deno.test("a template in use is not deleted until its user goes away, which may be known a moment later", async () => {
  for (const [kind, plural, field] of kinds) {
    const path = `/validate-multigres-com-v1alpha1-${kind.toLowerCase()}`;
    const stored = object(kind, {});
    const facts = knownFacts([[plural, stored], user(field)]);
    const review = reviewOf({ operation: "DELETE", oldObject: stored });
    const said = await ask(path, review, { facts });
    assert.deepEqual([said.allowed, said.code], [false, 422]);
    assert.match(said.message, new RegExp(`${kind} t as it is in use by MultigresCluster shop`));
    const waiting = ask(path, review, { facts, patience: { unknownMs: 0, refusalMs: 5_000 } });
    const [, leaving] = user(field, { deletionTimestamp: "2026-11-21T12:00:00Z" });
    facts.apply([{ type: "object", kind: "multigresclusters", object: leaving }]);
    assert.equal((await waiting).allowed, true);
  }
});

Deno.test("clusters of other namespaces, and those that are gone, hold nothing up", async () => {
  const stored = object("CellTemplate", {});
  const [kind, cluster] = user("cellTemplate");
  const elsewhere = { ...cluster, metadata: { ...cluster.metadata, namespace: "elsewhere" } };
  const facts = knownFacts([["celltemplates", stored], [kind, elsewhere], [kind, cluster]]);
  const asked = () =>
    ask(
      "/validate-multigres-com-v1alpha1-celltemplate",
      reviewOf({ operation: "DELETE", oldObject: stored }),
      { facts },
    );
  assert.equal((await asked()).allowed, false);
  facts.apply([{ type: "gone", kind, key: `${namespace}/shop` }]);
  assert.equal((await asked()).allowed, true);
});

Deno.test("templates are read anew when one of them changes", async () => {
  const facts = knownFacts();
  const cluster = object("MultigresCluster", {
    postgresPasswordSecretRef: { name: "pw", key: "password" },
    cells: [{ name: "a", zoneId: "z" }],
    templateDefaults: { cellTemplate: "t" },
  });
  const says = async () =>
    (await ask("/validate-multigres-com-v1alpha1-multigrescluster", reviewOf({ object: cluster }), { facts }))
      .message;
  const change = (type: "object" | "gone") => {
    const kind: FactKind = "celltemplates";
    if (type === "gone") facts.apply([{ type, kind, key: `${namespace}/t` }]);
    else facts.apply([{ type, kind, object: object("CellTemplate", {}) }]);
  };
  assert.match(await says(), /no CellTemplate named t/);
  change("object");
  assert.doesNotMatch(await says(), /CellTemplate/);
  change("gone");
  assert.match(await says(), /no CellTemplate named t/);
});

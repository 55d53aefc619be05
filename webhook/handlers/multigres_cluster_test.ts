import assert from "node:assert/strict";
import fc from "fast-check";
import { MultigresClusters } from "../../api/multigres/multigres_cluster.ts";
import { materialise } from "../../resolve/materialise.ts";
import { clusterSpecs, templateSpecs } from "../../tests/support/arbitrary_clusters.ts";
import { clusterSpec, templatesOf } from "../../tests/support/multigres_specs.ts";
import { ask, knownFacts, namespace, patched, reviewOf } from "../../tests/support/webhook.ts";
import type { FactKind } from "../facts.ts";

const apiVersion = "multigres.com/v1alpha1";
const mutate = "/mutate-multigres-com-v1alpha1-multigrescluster";
const validate = "/validate-multigres-com-v1alpha1-multigrescluster";

type Json = Record<string, unknown>;

const password = { postgresPasswordSecretRef: { name: "pw", key: "password" } };
const cells = [{ name: "a", zoneId: "use1-az1" }];

function cluster(spec: Json, metadata: Json = {}): Json {
  return { apiVersion, kind: "MultigresCluster", metadata: { name: "c", namespace, ...metadata }, spec };
}

function template(kind: FactKind, name: string, spec: Json = {}) {
  const kinds: Partial<Record<FactKind, string>> = {
    coretemplates: "CoreTemplate",
    celltemplates: "CellTemplate",
    shardtemplates: "ShardTemplate",
  };
  return [kind, {
    apiVersion,
    kind: kinds[kind] ?? "",
    metadata: { name, namespace, generation: 1 },
    spec,
  }] as const;
}

Deno.test("a new cluster is stored with its defaults, and without images", async () => {
  const object = cluster({ ...password, cells });
  const said = await ask(mutate, reviewOf({ object }));
  assert.deepEqual([said.allowed, said.told], [true, {
    operation: "DEFAULT",
    resource: "MultigresCluster",
    result: "success",
  }]);
  const stored = patched(object, said.patch);
  const expected = materialise(clusterSpec({ cells }), templatesOf({})).spec;
  assert.deepEqual(
    stored["spec"],
    expected,
  );
  assert.ok(!JSON.stringify(stored).includes("ghcr.io"));
});

Deno.test("a cluster that the API server is to name is defaulted, too", async () => {
  const object = { ...cluster({ ...password, cells }), metadata: { generateName: "c-", namespace } };
  const said = await ask(mutate, reviewOf({ object }));
  assert.ok(Array.isArray(said.patch) && said.patch.length > 0);
});

Deno.test("the defaults of any cluster are written down once: a second time there is nothing to change", async () => {
  await fc.assert(
    fc.asyncProperty(clusterSpecs, templateSpecs, async (spec, templates) => {
      const objects = (["coretemplates", "celltemplates", "shardtemplates"] as const).flatMap(
        (kind, index) => {
          const specs = Object.values(templates)[index] ?? {};
          return Object.entries(specs).map(([name, given]) => template(kind, name, given as Json));
        },
      );
      const facts = knownFacts(objects);
      const object = cluster(JSON.parse(JSON.stringify(spec)));
      const once = patched(object, (await ask(mutate, reviewOf({ object }), { facts })).patch);
      assert.ok(MultigresClusters.decode(once).ok);
      const again = await ask(mutate, reviewOf({ object: once }), { facts });
      assert.equal(again.patch, undefined);
    }),
    { numRuns: 200 },
  );
});

Deno.test("where a template is there, it is named instead, and has the say", async () => {
  const facts = knownFacts([template("shardtemplates", "default", { pools: { main: {} } })]);
  const object = cluster({ ...password, cells });
  const stored = patched(object, (await ask(mutate, reviewOf({ object }), { facts })).patch);
  const spec = clusterSpec(Object(stored["spec"]));
  assert.deepEqual(spec.templateDefaults, { shardTemplate: "default" });
  assert.equal(spec.databases?.[0]?.tablegroups?.[0]?.shards?.[0]?.spec, undefined);
});

Deno.test("labels, annotations and finalizers change without a word, and so does all that is being deleted", async () => {
  const wrong = { ...password, templateDefaults: { coreTemplate: "gone" } };
  const before = cluster(wrong);
  const cases = [
    cluster(wrong, { labels: { a: "b" } }),
    cluster({ ...wrong, cells }, { deletionTimestamp: "2026-11-21T12:00:00Z", finalizers: [] }),
  ];
  for (const object of cases) {
    for (const path of [mutate, validate]) {
      const said = await ask(path, reviewOf({ operation: "UPDATE", object, oldObject: before }));
      assert.deepEqual([said.allowed, said.patch, said.warnings], [true, undefined, []]);
    }
  }
  const said = await ask(
    validate,
    reviewOf({ operation: "UPDATE", object: cluster(password), oldObject: before }),
  );
  assert.deepEqual([said.allowed, said.code], [false, 422], "without cells");
});

const parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

Deno.test("the caller's trace is written down with a change of the spec, and with nothing else", async () => {
  const headers = { traceparent: parent, tracestate: "vendor=1" };
  const object = cluster({ ...password, cells });
  const created = patched(object, (await ask(mutate, reviewOf({ object }), { headers })).patch);
  assert.deepEqual(Object(created["metadata"])["annotations"], {
    "multigres.com/traceparent": parent,
    "multigres.com/tracestate": "vendor=1",
    "multigres.com/traceparent-ts": "1795262400",
  });
  const labelled = { ...created, metadata: { ...Object(created["metadata"]), labels: { a: "b" } } };
  const untouched = await ask(
    mutate,
    reviewOf({ operation: "UPDATE", object: labelled, oldObject: created }),
    { headers },
  );
  assert.equal(untouched.patch, undefined);
  const bare = await ask(mutate, reviewOf({ operation: "UPDATE", object, oldObject: created }), { headers });
  assert.ok(!JSON.stringify(bare.patch).includes("traceparent"), "the same spec, sent without its defaults");
  const other = "00-1af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";
  const changed = {
    ...created,
    spec: { ...Object(created["spec"]), durabilityPolicy: "MULTI_CELL_AT_LEAST_2" },
  };
  const said = await ask(mutate, reviewOf({ operation: "UPDATE", object: changed, oldObject: created }), {
    headers: { traceparent: other },
  });
  assert.deepEqual(said.patch, [{
    op: "replace",
    path: "/metadata/annotations/multigres.com~1traceparent",
    value: other,
  }]);
});

Deno.test("a trace that is none is not written down", async () => {
  const object = cluster({ ...password, cells });
  const parents = [
    "",
    "x",
    parent.replace("00-", "ff-"),
    parent.toUpperCase(),
    `00-${"0".repeat(32)}-b7ad6b7169203331-01`,
  ];
  for (const traceparent of parents) {
    const said = await ask(mutate, reviewOf({ object }), { headers: { traceparent } });
    assert.ok(!JSON.stringify(said.patch).includes("traceparent"), traceparent);
  }
  const long = await ask(mutate, reviewOf({ object }), {
    headers: { traceparent: parent, tracestate: "x".repeat(600) },
  });
  assert.ok(!JSON.stringify(long.patch).includes("tracestate"));
});

Deno.test("a cluster is judged with what is known: templates, classes, nodes", async () => {
  const object = cluster({ ...password, cells, templateDefaults: { shardTemplate: "main" } });
  const said = await ask(validate, reviewOf({ object }));
  assert.deepEqual([said.allowed, said.code], [false, 422]);
  assert.match(said.message, /no ShardTemplate named main.*no StorageClass is named/);
  assert.match(String(said.warnings), /No node has the label topology.k8s.aws\/zone-id=use1-az1/);
  const facts = knownFacts([
    template("shardtemplates", "main"),
    ["storageclasses", {
      apiVersion: "storage.k8s.io/v1",
      kind: "StorageClass",
      metadata: { name: "s", annotations: { "storageclass.kubernetes.io/is-default-class": "true" } },
    }],
    ["nodes", {
      apiVersion: "v1",
      kind: "Node",
      metadata: { name: "n", labels: { "topology.k8s.aws/zone-id": "use1-az1" } },
    }],
  ]);
  const passed = await ask(validate, reviewOf({ object }), { facts });
  assert.deepEqual([passed.allowed, passed.warnings.length], [true, 1]);
});

Deno.test("a template that was applied right before is waited for", async () => {
  const object = cluster({
    ...password,
    cells,
    backup: { type: "s3", s3: { bucket: "b", region: "r" } },
    templateDefaults: { cellTemplate: "late" },
  });
  const facts = knownFacts([["storageclasses", {
    apiVersion: "storage.k8s.io/v1",
    kind: "StorageClass",
    metadata: { name: "s", annotations: { "storageclass.beta.kubernetes.io/is-default-class": "true" } },
  }]]);
  const waiting = ask(validate, reviewOf({ object }), {
    facts,
    patience: { unknownMs: 0, refusalMs: 5_000 },
  });
  const [kind, late] = template("celltemplates", "late");
  facts.apply([{ type: "object", kind, object: late }]);
  assert.equal((await waiting).allowed, true);
});

Deno.test("namespaces that the operator does not look after are not judged", async () => {
  const { Facts } = await import("../facts.ts");
  const facts = new Facts(["ours"]);
  const object = cluster({ ...password });
  for (const path of [mutate, validate]) {
    const said = await ask(path, reviewOf({ object, namespace: "theirs" }), { facts });
    assert.deepEqual([said.allowed, said.patch], [true, undefined]);
    assert.equal((await ask(path, reviewOf({ object, namespace: "ours" }), { facts })).code, 503);
  }
});

Deno.test("what the schema does not take is refused, unless it is stored so already", async () => {
  const wrong = cluster({ ...password, cells: "none" });
  assert.equal((await ask(mutate, reviewOf({ object: wrong }))).patch, undefined);
  const created = await ask(validate, reviewOf({ object: wrong }));
  assert.deepEqual([created.allowed, created.code], [false, 422]);
  assert.match(created.message, /spec.cells must be a list/);
  const stored = cluster({ ...password, cells: "one" });
  const said = await ask(validate, reviewOf({ operation: "UPDATE", object: wrong, oldObject: stored }));
  assert.equal(said.allowed, true);
  assert.match(String(said.warnings), /cannot read this object/);
  const broken = await ask(
    validate,
    reviewOf({ operation: "UPDATE", object: wrong, oldObject: cluster({ ...password, cells }) }),
  );
  assert.equal(broken.allowed, false);
});

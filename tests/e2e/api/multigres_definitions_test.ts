import assert from "node:assert/strict";
import { allKinds } from "../../../api/crds.ts";
import { at, conditionStatus, listAt } from "../../ground/json.ts";
import { findingsOf, fixtures, kindNames, kinds, Objects, withKinds } from "./multigres_support.ts";

Deno.test("the API server takes all eight definitions and finds their schemas structural", (t) =>
  withKinds(t, async ({ client }) => {
    for (const name of kindNames) {
      const { definition } = kinds[name];
      const path =
        `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${definition.plural}.${definition.group}`;
      const stored = await client.get(path);
      assert.equal(conditionStatus(stored, "Established"), "True", name);
      assert.equal(conditionStatus(stored, "NamesAccepted"), "True", name);
      assert.notEqual(conditionStatus(stored, "NonStructuralSchema"), "True", name);
      assert.deepEqual(listAt(stored, "status", "acceptedNames", "shortNames"), definition.shortNames, name);
      assert.deepEqual(listAt(stored, "status", "acceptedNames", "categories"), ["multigres"], name);
      assert.deepEqual(listAt(stored, "status", "storedVersions"), ["v1alpha1"], name);
    }
  }));

Deno.test("every kind of the family is tested here", () => {
  const family = allKinds.map(({ definition }) => definition).filter(({ group }) =>
    group === "multigres.com"
  );
  assert.deepEqual(family.map(({ kind }) => kind).sort(), [...kindNames].sort());
});

for (
  const file of [
    "minimal",
    "managed_topology",
    "rich",
    "templates",
    "templated_clusters",
    "inline_clusters",
    "children",
  ]
) {
  Deno.test(`the API server stores the manifests of ${file}.yaml without dropping a field`, (t) =>
    withKinds(t, async (scope) => {
      const objects = new Objects(scope);
      for (const manifest of await fixtures(file)) {
        const answer = await objects.create(manifest.kind, manifest);
        const name = `${manifest.kind} ${JSON.stringify(manifest["metadata"])}`;
        assert.equal(answer.status, 201, `${name}: ${JSON.stringify(answer.body)}`);
        assert.partialDeepStrictEqual(at(answer.body, "spec") ?? {}, manifest["spec"] ?? {}, name);
        const decoded = kinds[manifest.kind].decode(answer.body);
        assert.ok(decoded.ok, JSON.stringify(decoded));
        // A quantity may be stored as a number; what was decoded is the same but for that.
        if (file !== "inline_clusters") assert.deepEqual(decoded.value.spec, at(answer.body, "spec") ?? {});
      }
    }));
}

Deno.test("a cluster that says the least gets its defaults from the API server, the same that decoding fills in", (t) =>
  withKinds(t, async (scope) => {
    const objects = new Objects(scope);
    const spec = { postgresPasswordSecretRef: { name: "pw", key: "password" } };
    const manifest = {
      apiVersion: "multigres.com/v1alpha1",
      kind: "MultigresCluster",
      metadata: { name: "least" },
      spec,
    };
    const { body } = await objects.create("MultigresCluster", manifest);
    const expected = {
      ...spec,
      postgresSuperuser: "postgres",
      pvcDeletionPolicy: { whenDeleted: "Delete", whenScaled: "Delete" },
    };
    assert.deepEqual(at(body, "spec"), expected);
    const decoded = kinds.MultigresCluster.decode(manifest);
    assert.deepEqual(decoded.ok && decoded.value.spec, expected);
  }));

Deno.test("a half-written policy and a reference without key are completed", (t) =>
  withKinds(t, async (scope) => {
    const objects = new Objects(scope);
    const manifest = {
      apiVersion: "multigres.com/v1alpha1",
      kind: "MultigresCluster",
      metadata: { name: "half" },
      spec: {
        postgresPasswordSecretRef: { name: "pw", key: "password" },
        pvcDeletionPolicy: { whenScaled: "Retain" },
        observability: { samplingConfigRef: { name: "sampler" } },
        images: { imagePullSecrets: [{}] },
        globalTopoServer: { etcd: { pvcDeletionPolicy: {} } },
      },
    };
    const { body } = await objects.create("MultigresCluster", manifest);
    const expected = {
      pvcDeletionPolicy: { whenDeleted: "Retain", whenScaled: "Retain" },
      observability: { samplingConfigRef: { name: "sampler", key: "sampling-config.yaml" } },
      images: { imagePullSecrets: [{ name: "" }] },
      globalTopoServer: { etcd: { pvcDeletionPolicy: { whenDeleted: "Retain", whenScaled: "Delete" } } },
    };
    assert.partialDeepStrictEqual(at(body, "spec"), expected);
    const decoded = kinds.MultigresCluster.decode(manifest);
    assert.partialDeepStrictEqual(decoded.ok && decoded.value.spec, expected);
  }));

Deno.test("statuses without their required keys are refused", (t) =>
  withKinds(t, async (scope) => {
    const objects = new Objects(scope);
    const [cluster] = await fixtures("minimal");
    const children = await fixtures("children");
    for (const manifest of [...cluster === undefined ? [] : [cluster], ...children]) {
      await objects.create(manifest.kind, manifest);
    }
    const refused = async (kind: keyof typeof kinds, name: string, status: Record<string, unknown>) => {
      const answer = await objects.setStatus(kind, name, status);
      // Besides the fields, the server says that it could not try the rules on such an object.
      return findingsOf(answer).map(({ field }) => field).filter((field) => field !== "<nil>");
    };
    assert.deepEqual(await refused("Cell", "c-a-00000000", { message: "" }), [
      "status.gatewayReadyReplicas",
      "status.gatewayReplicas",
    ]);
    assert.deepEqual(await refused("TableGroup", "c-postgres-default-00000000", { message: "" }), [
      "status.readyShards",
      "status.totalShards",
    ]);
    assert.deepEqual(await refused("Shard", "c-postgres-default-0-inf-00000000", { message: "" }), [
      "status.orchReady",
      "status.poolsReady",
    ]);
    assert.deepEqual(await refused("TopoServer", "c-global-topo", { message: "", phase: "Done" }), [
      "status.phase",
    ]);
    const summaries = { cells: { a: {} }, databases: { d: {} }, gateway: {}, adminWeb: {}, images: {} };
    assert.deepEqual((await refused("MultigresCluster", "minimal", summaries)).sort(), [
      "status.adminWeb.externalEndpoint",
      "status.cells.a.gatewayReplicas",
      "status.cells.a.ready",
      "status.databases.d.readyShards",
      "status.databases.d.totalShards",
      "status.gateway.externalEndpoint",
      "status.images.effective",
      "status.images.source",
    ]);
  }));

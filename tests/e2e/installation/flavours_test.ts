/** Every flavour is taken by a real API server, as it is. */
import assert from "node:assert/strict";
import { overlays } from "../../../deploy/kustomize.ts";
import { GroundClient } from "../../ground/client.ts";
import { ownedTest, privateControlPlane } from "../../ground/ground.ts";
import { at, stringAt } from "../../ground/json.ts";
import { waitUntil } from "../../ground/wait_for.ts";
import { applyAll, installForeignKinds, namespace, objectsOf } from "../../support/installation.ts";

ownedTest("all flavours apply; two replicas come up in a namespace of restricted pods", async () => {
  await using plane = await privateControlPlane("all");
  using client = new GroundClient(plane.connection);
  await installForeignKinds(client);
  const [first, ...others] = await Promise.all(overlays.map(objectsOf));
  await applyAll(client, first ?? []);
  for (const objects of others) {
    // All flavours have the same definitions, and those are large.
    await applyAll(client, objects.filter(({ kind }) => kind !== "CustomResourceDefinition"));
  }
  const path = `/apis/apps/v1/namespaces/${namespace}/deployments/multigres-operator-controller-manager`;
  await waitUntil(
    "two replicas of the last flavour to be available, and none of others",
    async () => {
      const deployment = await client.get(path);
      const count = (name: string) => at(deployment, "status", name);
      return {
        seen: at(deployment, "metadata", "generation") === count("observedGeneration"),
        counts: [count("replicas"), count("updatedReplicas"), count("availableReplicas")],
      };
    },
    ({ seen, counts }) => seen && counts.every((count) => count === 2),
    { timeoutMs: 180_000 },
  );
});

ownedTest(
  "definitions, roles and hooks come before what needs them: one pass over install.yaml suffices",
  async () => {
    const kinds = (await objectsOf("default")).map((object) => stringAt(object, "kind"));
    const first = (kind: string) => kinds.indexOf(kind);
    assert.ok(first("Namespace") < first("ServiceAccount"));
    assert.ok(first("CustomResourceDefinition") < first("Deployment"));
    assert.ok(first("ServiceAccount") < first("Deployment"));
  },
);

ownedTest(
  "the flavour observability brings alerts, and dashboards where a Grafana's sidecar finds them",
  async () => {
    const objects = await objectsOf("observability");
    const kinds = objects.map(({ kind }) => kind);
    assert.ok(kinds.includes("PrometheusRule") && kinds.includes("ServiceMonitor"));
    const dashboards = objects.filter((object) =>
      at(object, "metadata", "labels", "grafana_dashboard") === "1"
    );
    const files = dashboards.flatMap((object) => Object.entries(Object(at(object, "data"))));
    assert.deepEqual(files.map(([name]) => name).sort(), [
      "cluster-health.json",
      "data-plane.json",
      "operator-overview.json",
    ]);
    for (const [, text] of files) assert.match(stringAt(JSON.parse(String(text)), "title") ?? "", /\w/);
  },
);

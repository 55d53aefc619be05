import assert from "node:assert/strict";
import { PostgresDatabases } from "../../api/smoketurner/postgres_database.ts";
import { isStored } from "../../kube/stored.ts";
import { storedCluster } from "../../tests/support/postgres_clusters.ts";
import { orderOf } from "./order.ts";

Deno.test("everything about the server is looked for where the cluster is, not where the database object is", () => {
  const { resource } = PostgresDatabases;
  const decoded = PostgresDatabases.decode({
    apiVersion: `${resource.group}/${resource.version}`,
    kind: resource.kind,
    metadata: { namespace: "team", name: "shop", uid: "u", resourceVersion: "1" },
    spec: {
      clusterRef: { name: "orders", namespace: "fx-patroni" },
      database: { name: "shop", owner: "app" },
    },
  });
  assert.ok(decoded.ok && isStored(decoded.value));
  const { place, namespace } = orderOf(decoded.value, storedCluster({ tls: { enabled: true } }));
  assert.equal(namespace, "team");
  assert.deepEqual(place, {
    namespace: "fx-patroni",
    cluster: "orders",
    host: "orders-primary.fx-patroni.svc",
    credentials: "orders-credentials",
    authority: "orders-own-tls",
  });
});

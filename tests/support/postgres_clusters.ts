/** PostgresClusters for tests of what is made from them. */
import assert from "node:assert/strict";
import { GROUP, VERSION } from "../../api/smoketurner/group.ts";
import { type PostgresCluster, PostgresClusters } from "../../api/smoketurner/postgres_cluster.ts";
import type { Stored } from "../../kube/types.ts";

/** The spec of the cluster whose objects were recorded on a real API server. */
export const recordedSpec = {
  version: "16",
  replicas: 3,
  storage: { size: "5Gi" },
  resources: { requests: { cpu: "250m", memory: "512Mi" }, limits: { cpu: "1", memory: "1Gi" } },
  postgresqlParams: { work_mem: "8MB" },
  labels: { team: "shop" },
  tls: { enabled: false },
} as const;

/** A cluster called `orders` in namespace `fx-patroni`, with defaults filled in as the API server does. */
export function storedCluster(spec: object = {}, metadata: object = {}): PostgresCluster & Stored {
  const decoded = PostgresClusters.decode({
    apiVersion: `${GROUP}/${VERSION}`,
    kind: "PostgresCluster",
    metadata: { name: "orders", namespace: "fx-patroni", generation: 1, ...metadata },
    spec: { version: "16", storage: { size: "1Gi" }, tls: { enabled: false }, ...spec },
  });
  assert.ok(decoded.ok, JSON.stringify(decoded));
  const { value } = decoded;
  return { ...value, metadata: { ...value.metadata, uid: "u", resourceVersion: "1" } };
}

/** A PostgresCluster as the Rust operator left it, on a real API server: the same objects, by the same kinds of writes. */
import { parse, stringify } from "yaml";
import { FIELD_MANAGER } from "../../api/smoketurner/group.ts";
import { PostgresClusters } from "../../api/smoketurner/postgres_cluster.ts";
import { desiredPatroniConfigMap } from "../../controllers/postgres_cluster/desired_patroni_config.ts";
import * as kinds from "../../controllers/postgres_cluster/kinds.ts";
import recorded from "../../controllers/postgres_cluster/recorded_objects.json" with { type: "json" };
import type { KubeClient } from "../../kube/client.ts";
import { isRecord } from "../../kube/errors.ts";
import type { Resource } from "../../kube/resource.ts";
import type { KubeObject } from "../../kube/types.ts";
import { recordedSpec, storedCluster } from "./postgres_clusters.ts";

/** The kinds of what it made, in its own order. */
const resources: readonly Resource[] = [
  kinds.Secrets,
  kinds.ConfigMaps,
  kinds.ServiceAccounts,
  kinds.Roles,
  kinds.RoleBindings,
  kinds.PodDisruptionBudgets,
  kinds.NetworkPolicies,
  kinds.StatefulSets,
  kinds.Services,
];

/** All kinds of which such a cluster has objects. */
export const kindsOfPostgresCluster: readonly Resource[] = [
  PostgresClusters.resource,
  ...resources,
  kinds.Pods,
  kinds.PersistentVolumeClaims,
];

/** Passwords as it made them: the third of its keys holds the first again. */
const PASSWORDS = { POSTGRES_PASSWORD: "p", REPLICATION_PASSWORD: "r", PGPASSWORD: "p" };

/** Its status, by another kind of write, with a key that is not ours and one that it never cleared. */
const formerStatus = {
  phase: "Running",
  readyReplicas: 3,
  replicas: 3,
  previousReplicas: 3,
  currentVersion: "16",
  retryCount: 0,
  observedGeneration: 1,
  lastError: "something of long ago",
};

/** Makes the recorded objects around a cluster called `orders`, which must be there with the recorded spec. */
export async function leavePostgresCluster(client: KubeClient, namespace: string): Promise<void> {
  const cluster = await client.get(PostgresClusters.resource, { namespace, name: "orders" });
  await client.patch(
    { ...PostgresClusters.resource, fieldManager: "unknown" },
    cluster.metadata,
    { status: formerStatus },
    "status",
  );
  await client.patch({ ...PostgresClusters.resource, fieldManager: "unknown" }, cluster.metadata, {
    metadata: { finalizers: recorded["PostgresCluster/orders"].finalizers },
  });
  const ownerReferences = [{
    apiVersion: cluster.apiVersion,
    kind: cluster.kind,
    name: "orders",
    uid: cluster.metadata.uid ?? "",
    controller: true,
    blockOwnerDeletion: true,
  }];
  for (const resource of resources) {
    for (const object of objectsOf(resource.kind, namespace)) {
      await client.apply({ ...resource, fieldManager: FIELD_MANAGER }, {
        ...object,
        metadata: { ...object.metadata, namespace, ownerReferences },
      });
    }
  }
}

function objectsOf(kind: string, namespace: string): KubeObject[] {
  return Object.entries(recorded)
    .filter(([key]) => key.startsWith(`${kind}/orders`))
    .map(([, value]) => {
      const text = JSON.stringify(value, (key, field) => {
        // Filled in by the server, or not recorded.
        if (key === "annotations" || key === "serviceAccount" || key === "status") return undefined;
        return field === "<text>" ? configuration(namespace) : field;
      });
      const object: unknown = JSON.parse(text.replaceAll("fx-patroni", namespace));
      if (!isRecord(object)) throw new Error(`Cannot leave a ${kind} as it was recorded as no object`);
      return withTexts(object, kind);
    });
}

/** Texts of files and passwords were not recorded. */
function withTexts({ data, ...object }: Record<string, unknown>, kind: string): KubeObject {
  const texts = kind === "Secret" ? { stringData: PASSWORDS } : data === undefined ? {} : {
    data: Object.fromEntries([data].flat().map((file) => [String(file), `# ${file} as it was\n`])),
  };
  return { ...object, ...texts } as unknown as KubeObject;
}

/** The settings, but written in another way. */
function configuration(namespace: string): string {
  const text = desiredPatroniConfigMap(storedCluster(recordedSpec, { namespace })).data?.["spilo-config.yml"];
  return stringify(parse(text ?? ""));
}

/**
 * The reviews that are measured: of a cluster of 19 KB, which is a large one. A third of it is the spec; the rest is what
 * kubectl and the API server keep with an object that was applied, and send along.
 */
import type { Manifest } from "../ground/client.ts";
import { isRecord } from "../ground/json.ts";

export const validatePath = "/validate-multigres-com-v1alpha1-multigrescluster";
export const defaultPath = "/mutate-multigres-com-v1alpha1-multigrescluster";

/** Bytes of the cluster as JSON. */
const clusterBytes = 19_000;

const resources = (memory: string) => ({
  requests: { cpu: "250m", memory },
  limits: { cpu: "2", memory },
});

/** Settings that PostgreSQL 17 has, each with a value that it takes. */
const settings = {
  work_mem: "8MB",
  maintenance_work_mem: "256MB",
  effective_cache_size: "2GB",
  random_page_cost: "1.1",
  checkpoint_timeout: "15min",
  max_wal_size: "4GB",
  min_wal_size: "1GB",
  log_min_duration_statement: "500",
  autovacuum_naptime: "30s",
  autovacuum_vacuum_scale_factor: "0.05",
  default_statistics_target: "200",
  jit: "off",
};

const affinity = {
  podAntiAffinity: {
    requiredDuringSchedulingIgnoredDuringExecution: [{
      labelSelector: { matchLabels: { "app.kubernetes.io/component": "shard-pool" } },
      topologyKey: "kubernetes.io/hostname",
    }],
  },
};

function pool(): Manifest {
  return {
    type: "readWrite",
    replicasPerCell: 2,
    storage: { size: "100Gi" },
    postgres: { resources: resources("4Gi") },
    multipooler: { resources: resources("512Mi") },
    affinity,
    tolerations: [{ key: "dedicated", operator: "Equal", value: "postgres", effect: "NoSchedule" }],
  };
}

const zones = ["a", "b", "c", "d"];
const poolCount = 7;

function spec(): Manifest {
  return {
    postgresPasswordSecretRef: { name: "pw", key: "password" },
    durabilityPolicy: "MULTI_CELL_AT_LEAST_2",
    backup: { type: "s3", s3: { bucket: "backups", region: "us-east-1", useEnvCredentials: true } },
    globalTopoServer: { etcd: { replicas: 3, storage: { size: "10Gi" } } },
    cells: zones.map((zone) => ({
      name: `zone-${zone}`,
      zoneId: `use1-az${zone}`,
      spec: {
        multigateway: {
          replicas: 3,
          resources: resources("512Mi"),
          affinity,
          podAnnotations: { "example.com/owner": "team-storage", "example.com/tier": "edge" },
        },
      },
    })),
    databases: [{
      name: "postgres",
      default: true,
      tablegroups: [{
        name: "default",
        default: true,
        shards: [{
          name: "0-inf",
          spec: {
            postgresConfig: settings,
            pools: Object.fromEntries(
              Array.from({ length: poolCount }, (_, index) => [`pool-${index}`, pool()]),
            ),
          },
        }],
      }],
    }],
  };
}

/** The fields of a value in the form of `managedFields`; lists count as one. */
function fieldsOf(value: unknown): Manifest {
  if (!isRecord(value)) return {};
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [`f:${key}`, fieldsOf(inner)]));
}

/** As it is stored after `kubectl apply`: what it lacks to 19 KB is one more annotation. */
function cluster(): Manifest {
  const identity = { apiVersion: "multigres.com/v1alpha1", kind: "MultigresCluster" };
  const applied = { ...identity, metadata: { name: "measured", namespace: "default" }, spec: spec() };
  const made = (note: string): Manifest => ({
    ...identity,
    metadata: {
      name: "measured",
      namespace: "default",
      generation: 1,
      annotations: {
        "kubectl.kubernetes.io/last-applied-configuration": JSON.stringify(applied),
        "example.com/note": note,
      },
      managedFields: [{
        manager: "kubectl-client-side-apply",
        operation: "Update",
        apiVersion: identity.apiVersion,
        time: "2026-11-21T12:00:00Z",
        fieldsType: "FieldsV1",
        fieldsV1: { "f:metadata": { "f:annotations": { ".": {} } }, ...fieldsOf({ spec: spec() }) },
      }],
    },
    spec: spec(),
  });
  const missing = clusterBytes - JSON.stringify(made("")).length;
  if (missing < 0) {
    throw new RangeError(`Cannot make a cluster of ${clusterBytes} bytes: it has ${-missing} more`);
  }
  return made("x".repeat(missing));
}

/** A review as the API server sends it when the cluster is created, or when one setting of it is changed. */
export function review(operation: "CREATE" | "UPDATE"): string {
  const object = cluster();
  const oldObject = operation === "CREATE"
    ? null
    : { ...object, spec: { ...spec(), durabilityPolicy: "AT_LEAST_2" } };
  return JSON.stringify({
    apiVersion: "admission.k8s.io/v1",
    kind: "AdmissionReview",
    request: {
      uid: "705ab4f5-6393-11e8-b7cc-42010a800002",
      kind: { group: "multigres.com", version: "v1alpha1", kind: "MultigresCluster" },
      resource: { group: "multigres.com", version: "v1alpha1", resource: "multigresclusters" },
      name: "measured",
      namespace: "default",
      operation,
      userInfo: { username: "jane", groups: ["system:authenticated"] },
      object,
      oldObject,
      dryRun: false,
      options: {},
    },
  });
}

/** Whether the cluster of a database is there and takes changes. */
import { type PostgresCluster, PostgresClusters } from "../../api/smoketurner/postgres_cluster.ts";
import type { PostgresClusterPhase } from "../../api/smoketurner/postgres_cluster/status.ts";
import type { PostgresDatabaseSpec } from "../../api/smoketurner/postgres_database/spec.ts";
import type { Cache } from "../../kube/cache.ts";
import type { ObjectKey } from "../../kube/types.ts";
import { Clusters, type Database, placeOf } from "./kinds.ts";

export type Gate =
  | { readonly kind: "open"; readonly cluster: PostgresCluster }
  /** It is being changed, or some member is missing: whether its primary takes changes is for the primary to say. */
  | { readonly kind: "unsteady"; readonly cluster: PostgresCluster; readonly message: string }
  /** It does not exist, or goes away. */
  | { readonly kind: "missing"; readonly message: string }
  /** It exists, and takes no changes now. */
  | { readonly kind: "closed"; readonly message: string };

/** A cluster that can be worked with, or at least tried. */
export type PassableGate = Extract<Gate, { readonly cluster: PostgresCluster }>;

export function isPassable(gate: Gate): gate is PassableGate {
  return gate.kind === "open" || gate.kind === "unsteady";
}

/** Phases of a cluster that has run, and may well be served by its primary. */
const UNSTEADY: ReadonlySet<PostgresClusterPhase> = new Set([
  "Updating",
  "Scaling",
  "Degraded",
  "Recovering",
  "Failed",
]);

/** Reads the stores; makes no request. */
export function gateOf(database: Pick<Database, "metadata" | "spec">, cache: Cache): Gate {
  const key = clusterKeyOf(database);
  const name = `PostgresCluster ${key.namespace}/${key.name}`;
  const raw = cache.get(Clusters, key);
  if (raw === undefined) return { kind: "missing", message: `${name} does not exist` };
  if (raw.metadata.deletionTimestamp !== undefined) {
    return { kind: "missing", message: `${name} is being deleted` };
  }
  const decoded = PostgresClusters.decode(raw);
  if (!decoded.ok) return { kind: "closed", message: `${name} does not fit its schema` };
  const cluster = decoded.value;
  const phase = cluster.status?.phase ?? "Pending";
  if (phase === "Running") return { kind: "open", cluster };
  if (UNSTEADY.has(phase)) return { kind: "unsteady", cluster, message: `${name} is ${phase}` };
  return { kind: "closed", message: `${name} is ${phase}: changes wait until it is Running` };
}

/** Where the cluster of a database is. */
export function clusterKeyOf(
  { metadata, spec }: {
    readonly metadata: { readonly name: string; readonly namespace?: string };
    readonly spec: { readonly clusterRef: Readonly<PostgresDatabaseSpec["clusterRef"]> };
  },
): Required<ObjectKey> {
  return {
    namespace: spec.clusterRef.namespace ?? placeOf({ metadata }).namespace,
    name: spec.clusterRef.name,
  };
}

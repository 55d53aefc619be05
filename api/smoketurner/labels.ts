/**
 * Label keys and label sets of the Patroni family.
 *
 * Running clusters were labelled by these rules, and Patroni finds its members by them: a changed key or value would
 * orphan pods, so the sets stay byte for byte as they are.
 */
import { FIELD_MANAGER, GROUP } from "./group.ts";

export type LabelSet = Readonly<Record<string, string>>;

export const labelKeys = {
  name: "app.kubernetes.io/name",
  component: "app.kubernetes.io/component",
  managedBy: "app.kubernetes.io/managed-by",
  /** Cluster that an object belongs to; Patroni's scope label, so user labels never replace it. */
  cluster: `${GROUP}/cluster`,
  haMode: `${GROUP}/ha-mode`,
  /** `true` on objects of either pooler. */
  pooler: `${GROUP}/pooler`,
  /** `replica` on objects of the pooler in front of the standbys, absent on the other one. */
  poolerType: `${GROUP}/pooler-type`,
  /** PostgresDatabase that a role Secret belongs to. */
  database: `${GROUP}/database`,
  /** PostgresUpgrade that made a target cluster. */
  upgrade: `${GROUP}/upgrade`,
  upgradeRole: `${GROUP}/upgrade-role`,
  /** `true` on client pods that the sample network policies admit. */
  client: `${GROUP}/client`,
  /** Role of a member, written by Patroni itself: see {@link spiloRole}. */
  role: "spilo-role",
  /** Always `spilo`: by this Patroni discovers its pods. */
  application: "application",
} as const;

/** Values of the role label that Patroni writes. */
export const spiloRole = { primary: "master", standby: "replica" } as const;

/** What an object is for: the value of `app.kubernetes.io/component`. */
export type Component =
  | "postgresql"
  | "pgbouncer"
  | "tls"
  | "pgbouncer-tls"
  | "pgbouncer-replica-tls";

/** Which members a pooler stands in front of. */
export type PoolerTarget = "primary" | "replicas";

/** The labels that every owned object carries. */
export function standardLabels(cluster: string, component: Component = "postgresql"): LabelSet {
  return {
    [labelKeys.name]: cluster,
    [labelKeys.component]: component,
    [labelKeys.managedBy]: FIELD_MANAGER,
    [labelKeys.cluster]: cluster,
  };
}

/**
 * The labels of what Patroni runs on or reads: StatefulSet, pods, ConfigMap, ServiceAccount, Role, RoleBinding.
 *
 * `spec.labels` goes to the StatefulSet and its pods only; give it there as `userLabels`. It may replace the three
 * `app.kubernetes.io` labels, never those of {@link patroniIdentity}.
 */
export function patroniLabels(cluster: string, userLabels: LabelSet = {}): LabelSet {
  return { ...standardLabels(cluster), ...userLabels, ...patroniIdentity(cluster) };
}

/** The labels of a database pod that no user label can replace: what a selector may rely on. */
export function patroniIdentity(cluster: string): LabelSet {
  return {
    [labelKeys.cluster]: cluster,
    [labelKeys.haMode]: "patroni",
    [labelKeys.application]: "spilo",
  };
}

/** The labels of a pooler's Deployment, pods, Service and ConfigMap. */
export function poolerLabels(cluster: string, target: PoolerTarget): LabelSet {
  const common = { ...standardLabels(cluster, "pgbouncer"), [labelKeys.pooler]: "true" };
  return target === "primary" ? common : { ...common, [labelKeys.poolerType]: "replica" };
}

/** The labels of a Secret with the credentials of one role of a PostgresDatabase. */
export function roleSecretLabels(cluster: string, database: string): LabelSet {
  return { [labelKeys.database]: database, [labelKeys.cluster]: cluster };
}

/** The labels of the cluster that a PostgresUpgrade makes. */
export function upgradeTargetLabels(upgrade: string, targetCluster: string): LabelSet {
  return { [labelKeys.upgrade]: upgrade, [labelKeys.cluster]: targetCluster };
}

/**
 * What `status` shows, as data: the same for text and for `-o json`. Null means that it is not known, or does not apply;
 * nothing is guessed. docs/kubectl-matriarch.md describes it for programs that read it.
 */

/** Changes when a field changes its meaning or goes; a new field does not change it. */
export const PICTURE_VERSION = 1;

export interface StatusDocument {
  readonly version: typeof PICTURE_VERSION;
  /** When it was looked, RFC 3339. */
  readonly takenAt: string;
  readonly operator: OperatorPicture;
  readonly clusters: readonly ClusterPicture[];
  /** What could not be read, and what right is missing. */
  readonly notes: readonly string[];
}

/** Whether an operator is at work, as far as its Lease tells. */
export interface OperatorPicture {
  readonly state: "working" | "stale" | "unknown";
  /** Who holds the Lease. */
  readonly holder: string | null;
  /** RFC 3339. */
  readonly renewedAt: string | null;
  readonly message: string;
}

/** What the statuses of all objects have in common. */
export interface Standing {
  /** `Unknown` when nothing was said yet, or what was said speaks of an older spec. */
  readonly phase: string;
  readonly message: string | null;
  /** Whether the status answers the spec as it is now. */
  readonly current: boolean;
}

export type ClusterKind = "MultigresCluster" | "PostgresCluster";

export interface ClusterPicture extends Standing {
  readonly kind: ClusterKind;
  readonly namespace: string;
  readonly name: string;
  /** RFC 3339. */
  readonly createdAt: string | null;
  readonly deleting: boolean;
  /** Major version of PostgreSQL, where the spec names it. */
  readonly postgresVersion: string | null;
  readonly addresses: readonly Address[];
  readonly cells: readonly CellPicture[];
  readonly topologyServers: readonly PartPicture[];
  readonly tableGroups: readonly PartPicture[];
  /** A shard, or the members of a PostgresCluster. */
  readonly groups: readonly InstanceGroup[];
  /** PgBouncer's pods. */
  readonly poolers: { readonly ready: number } | null;
  /** PostgresDatabases and PostgresUpgrades that name the cluster. */
  readonly dependents: readonly PartPicture[];
  readonly backups: readonly BackupPicture[];
  readonly certificates: readonly CertificatePicture[];
  readonly conditions: readonly ConditionPicture[];
  readonly waiting: readonly Waiting[];
}

export interface Address {
  readonly purpose: string;
  readonly address: string;
}

export interface PartPicture extends Standing {
  /** `Kind/name`. */
  readonly object: string;
  /** Its name within the cluster. */
  readonly name: string;
}

export interface CellPicture extends PartPicture {
  /** Pods of the gateway; null when it was not told. */
  readonly gateways: { readonly ready: number; readonly pods: number } | null;
}

export interface InstanceGroup extends PartPicture {
  readonly database: string | null;
  readonly tableGroup: string | null;
  readonly shard: string | null;
  /** Instances that are wanted. */
  readonly wanted: number | null;
  readonly instances: readonly Instance[];
}

export type Role = "primary" | "replica" | "drained" | "quarantined" | "unknown";

export interface Instance {
  readonly pod: string;
  readonly pool: string | null;
  readonly cell: string | null;
  readonly role: Role;
  /** The role that was told last, where it may have changed since: `role` is then `unknown`. */
  readonly lastRole: Role | null;
  readonly ready: boolean;
  /** Bytes of write-ahead log behind the primary. */
  readonly lagBytes: number | null;
  readonly node: string | null;
  readonly restarts: number;
  /** RFC 3339. */
  readonly createdAt: string | null;
  /** What keeps it from serving, or is being done to it. */
  readonly note: string | null;
}

export type Health = "healthy" | "unhealthy" | "unknown" | "none";

export interface BackupPicture {
  /** `Kind/name` of what is backed up. */
  readonly of: string;
  /** `none`: no backups are wanted. */
  readonly health: Health;
  /** RFC 3339 of the newest complete one. */
  readonly lastTime: string | null;
  readonly type: string | null;
  readonly message: string | null;
  /** Range that can be recovered, RFC 3339. */
  readonly recoverableFrom: string | null;
  readonly recoverableTo: string | null;
}

export interface CertificatePicture {
  readonly secret: string;
  /** Key of the Secret: `tls.crt` or `ca.crt`. */
  readonly key: string;
  readonly subject: string | null;
  /** RFC 3339. */
  readonly expiresAt: string | null;
  /** Why it does not serve; null when it does. */
  readonly problem: string | null;
}

export interface ConditionPicture {
  readonly of: string;
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
  /** RFC 3339. */
  readonly since: string;
  readonly current: boolean;
  /** Whether it is as it is when nothing is to be done. */
  readonly atRest: boolean;
}

/** Something that is not as it is to be, and why. */
export interface Waiting {
  readonly of: string;
  readonly reason: string;
  readonly message: string;
  readonly since: string | null;
}

/** Annotation and finalizer keys of the Patroni family: what users set to ask for an action, and what we record. */
import { GROUP } from "./group.ts";

/** Keeps an object of the named kind alive until its controller has cleaned up. */
export const finalizers = {
  postgresCluster: `${GROUP}/finalizer`,
  postgresDatabase: `postgresdatabase.${GROUP}/finalizer`,
  postgresUpgrade: `postgresupgrade.${GROUP}/finalizer`,
} as const;

export const annotations = {
  /** On a PostgresCluster: every new value (an RFC 3339 time serves best) asks for one base backup. */
  triggerBackup: `${GROUP}/trigger-backup`,
  /**
   * On a PostgresCluster: `restart` lets members be restarted, one by one, for resources that cannot be changed while they
   * run. Without it such a change waits, and the status says so.
   */
  resizeFallback: `${GROUP}/resize-fallback`,
  /**
   * On a PostgresCluster: `true` lets members be restarted, one by one, that another operator made and that run on as they
   * are until then.
   */
  adoptOperatorChanges: `${GROUP}/adopt-operator-changes`,
  /** On a member's pod: hash of what the user asked for when the pod was made. */
  askedHash: `${GROUP}/asked-hash`,
  /**
   * On a PostgresDatabase: `Delete` (so when it is absent) drops what was made for it when it is deleted, `Retain` leaves
   * database, roles and Secrets as they are.
   */
  deletionPolicy: `${GROUP}/deletion-policy`,
  /** On a PostgresDatabase: `true` lets it take over a database and roles that exist and belong to nobody. */
  adoptExisting: `${GROUP}/adopt-existing`,
  /** On a PostgresUpgrade: presence starts a manual cutover, whatever the value. */
  cutover: `${GROUP}/cutover`,
  /** On a PostgresUpgrade: presence asks for a rollback, whatever the value. */
  rollback: `${GROUP}/rollback`,
  /** On a PostgresCluster: name of the PostgresUpgrade that is replacing it. */
  upgradeInProgress: `${GROUP}/upgrade-in-progress`,
  /** On a PostgresCluster: name of the cluster that replaced it. */
  supersededBy: `${GROUP}/superseded-by`,
  /** On a PostgresCluster: UID of the PostgresUpgrade that made it, as names may be used again. */
  upgradeUid: `${GROUP}/upgrade-uid`,
  /** On a Service: the cluster that it pointed to before a cutover. */
  switchedFrom: `${GROUP}/switched-from`,
  /** On a Service: RFC 3339 time of the cutover. */
  switchedAt: `${GROUP}/switched-at`,
  /** On a Service: the cluster that it pointed to before a rollback. */
  rolledBackFrom: `${GROUP}/rolled-back-from`,
  /** On a Service: RFC 3339 time of the rollback. */
  rolledBackAt: `${GROUP}/rolled-back-at`,
  /** On a cert-manager Certificate: who wrote it. */
  managedBy: `${GROUP}/managed-by`,
  /** On a KEDA ScaledObject: `true` stops scale-out while a standby lags. */
  pausedScaleOut: "autoscaling.keda.sh/paused-scale-out",
} as const;

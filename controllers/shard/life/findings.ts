/** What people should know of a shard beyond its numbers: refusals, and what only they can mend. */

export type FindingReason =
  | "StorageShrinkRefused"
  | "StorageCannotGrow"
  | "VolumeLost"
  | "ClaimEnding"
  | "StuckTerminating"
  | "ScaleDownBlocked"
  | "WritesInterrupted"
  | "QuarantineRemediationBlocked"
  | "QuarantineRemediationDeferred"
  | "PodSetAside"
  | "FileSystemNotGrown"
  | "TopologyNotMarked";

export interface Finding {
  /** One word in CamelCase, stable: the reason of an event and of a condition. */
  readonly reason: FindingReason;
  /** Name of the pod or claim it is about; of the shard itself it is empty. */
  readonly subject: string;
  /** What is the matter, with values, and the remedy. */
  readonly message: string;
}
